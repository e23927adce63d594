import { createHash } from "node:crypto";
import { FatalError } from "../core/errors.ts";
import { HEADER_BYTES, type RecordStart, readHeader, sealRecord } from "./record.ts";
import { plainSeal, type Seal } from "./seal.ts";

/** In front of encrypted lines: which key opens them. */
const KEY_ID_BYTES = 8;

/** Bytes that a seal may add to lines: nonce and tag, with room to spare. */
export const SEALED_EXTRA_BYTES_MAX = 64;

/**
 * How the lines of a journal stand in its records: as they are, since the header has a checksum over
 * them, or encrypted, behind the id of the key.
 */
export class RecordSeal {
  readonly #seal: Seal | undefined;
  readonly #keyId: Uint8Array;
  /** At most so many bytes are added to the lines of a record. */
  readonly extraBytes: number;

  /** @param seal That of the state: `plainSeal` leaves the lines as they are. */
  constructor(seal: Seal) {
    this.#seal = seal === plainSeal ? undefined : seal;
    this.#keyId = keyIdOf(seal);
    this.extraBytes = this.#seal === undefined ? 0 : SEALED_EXTRA_BYTES_MAX;
  }

  /** A whole record. @param plain Room for the header, and the lines behind it; may be used up. */
  pack(plain: Uint8Array, start: RecordStart): Uint8Array {
    if (this.#seal === undefined) {
      sealRecord(plain, { ...start, kind: "plain" });
      return plain;
    }
    const sealed = this.#seal.seal(plain.subarray(HEADER_BYTES), placeOf(start));
    const record = new Uint8Array(HEADER_BYTES + KEY_ID_BYTES + sealed.length);
    record.set(this.#keyId, HEADER_BYTES);
    record.set(sealed, HEADER_BYTES + KEY_ID_BYTES);
    sealRecord(record, { ...start, kind: "sealed" });
    return record;
  }

  /** The lines of a sound record. @throws {DamagedError} They are not as they were sealed. */
  linesOf(record: Uint8Array): Uint8Array {
    if (this.#seal === undefined) return record.subarray(HEADER_BYTES);
    const header = readHeader(record)!; // it is sound
    return this.#seal.open(record.subarray(HEADER_BYTES + KEY_ID_BYTES), placeOf(header));
  }

  /** @throws {FatalError} The record was written with another key, or with none, or one is missing. */
  check(record: Uint8Array, path: string): void {
    const why = this.#misfit(record);
    if (why !== undefined) throw new FatalError(`Journal "${path}" ${why}`);
  }

  #misfit(record: Uint8Array): string | undefined {
    const isPlain = readHeader(record)?.kind === "plain";
    if (this.#seal === undefined) {
      return isPlain ? undefined : "is encrypted, but no key is configured: name it in state.key";
    }
    if (isPlain) return "is not encrypted, but a key is configured: encrypt it by aggregator rekey";
    const stored = record.subarray(HEADER_BYTES, HEADER_BYTES + KEY_ID_BYTES);
    if (Buffer.compare(stored, this.#keyId) === 0) return undefined;
    return "is encrypted with another key: name the right one in state.key";
  }
}

function keyIdOf(seal: Seal): Uint8Array {
  return createHash("sha256").update(seal.id).digest().subarray(0, KEY_ID_BYTES);
}

/** All that the header says, so that no record can be moved or counted otherwise. */
function placeOf({ firstSequence, events, timeMs }: RecordStart): string {
  return `record ${firstSequence} ${events} ${timeMs}`;
}
