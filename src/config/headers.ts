import * as v from "valibot";

/** What a header may be called, and what may stand in it (RFC 9110). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** Headers of a request, by their names. One that cannot be sent would fail at each request, and not before. */
export const headersSchema = v.pipe(
  v.record(v.string(), v.string()),
  v.check(
    (headers) =>
      Object.entries(headers).every(
        ([name, value]) => HEADER_NAME.test(name) && HEADER_VALUE.test(value),
      ),
    "must be headers: names of letters, digits and -, values of one line",
  ),
);
