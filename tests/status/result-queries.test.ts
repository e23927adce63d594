import { describe, expect, test } from "bun:test";
import { readResultQuery, readSeriesQuery } from "../../src/status/result-queries.ts";

const results = (query: string): unknown => readResultQuery(`http://localhost/results${query}`);
const series = (query: string): unknown => readSeriesQuery(`http://localhost/series${query}`);

describe("readResultQuery()", () => {
  test("reads what is asked for, with labels in the order in which they are kept", () => {
    expect(results("")).toEqual({ query: { limit: 1000 } });
    const labels = encodeURIComponent('{"b":"1","a":"2"}');
    expect(
      results(`?rule=r&name=&agg_func=sum&labels=${labels}&from=-1.5&to=10&limit=10000&pretty`),
    ).toEqual({
      query: {
        rule: "r",
        name: "",
        agg_func: "sum",
        labels: '{"a":"2","b":"1"}',
        from: -1.5,
        to: 10,
        limit: 10_000,
      },
    });
  });

  test.each([
    ["?limit=10001", 'limit "10001": must be a whole number from 1 to 10000'],
    ["?limit=0", 'limit "0": must be a whole number from 1 to 10000'],
    ["?from=now", 'from "now": must be a time in Unix seconds'],
    ["?to=1e13", 'to "1e13": must be a time in Unix seconds'],
    ["?labels=[]", 'labels "[]": must be a JSON object of texts'],
    ["?labels={", 'labels "{": must be a JSON object of texts'],
    ['?labels={"a":1}', 'labels "{\\"a\\":1}": must be a JSON object of texts'],
    [
      "?nam=a",
      'Unknown parameter "nam": must be one of rule, name, agg_func, labels, from, to, limit, did you mean name?',
    ],
    ["?name=a&name=b", "Parameter name is given twice"],
  ])("refuses %s", (query, error) => {
    expect(results(query)).toEqual({ error });
  });
});

describe("readSeriesQuery()", () => {
  test("reads the words and how many are wanted", () => {
    expect(series("?search=cpu%20avg&limit=5")).toEqual({ query: { search: "cpu avg", limit: 5 } });
    expect(series("")).toEqual({ query: { search: "", limit: 50 } });
  });

  test.each([
    ["?limit=1001", 'limit "1001": must be a whole number from 1 to 1000'],
    [
      `?search=${"x".repeat(601)}`,
      `search "${"x".repeat(100)}…": must not be longer than 600 characters`,
    ],
    ["?serach=x", 'Unknown parameter "serach": must be one of search, limit, did you mean search?'],
  ])("refuses %s", (query, error) => {
    expect(series(query)).toEqual({ error });
  });
});
