import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

/** How pieces of state are protected on disk. What one sealed, only the same opens, at the same place. */
export interface Seal {
  /** Names the kind and the key, so that a wrong key is told apart from damage. */
  readonly id: string;
  /** @param place Where the piece stands: a piece that was moved does not open. */
  seal(bytes: Uint8Array, place: string): Uint8Array;
  /** @throws {DamagedError} The bytes are not as they were sealed. */
  open(sealed: Uint8Array, place: string): Uint8Array;
}

/** A piece of state is not as it was written. */
export class DamagedError extends Error {
  override readonly name = "DamagedError";

  constructor(place: string) {
    super(`${place} is damaged`);
  }
}

const CHECKSUM_BYTES = 4;

/** Without a key: a checksum (CRC-32) behind the bytes, which finds damage but hides nothing. */
export const plainSeal: Seal = {
  id: "plain",
  seal(bytes, place) {
    const sealed = new Uint8Array(bytes.length + CHECKSUM_BYTES);
    sealed.set(bytes);
    viewOf(sealed).setUint32(bytes.length, checksum(bytes, place), true);
    return sealed;
  },
  open(sealed, place) {
    const length = sealed.length - CHECKSUM_BYTES;
    if (length < 0) throw new DamagedError(place);
    const bytes = sealed.subarray(0, length);
    if (viewOf(sealed).getUint32(length, true) !== checksum(bytes, place)) {
      throw new DamagedError(place);
    }
    return bytes;
  },
};

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * With a key: AES-256-GCM (NIST SP 800-38D), a random nonce of 96 bits before, the tag of 128 bits behind,
 * the place as associated data.
 *
 * @param key 32 bytes.
 */
export function keySeal(key: Uint8Array): Seal {
  return {
    id: `aes-256-gcm ${createHmac("sha256", key).update("aggregator state").digest("hex").slice(0, 16)}`,
    seal(bytes, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      cipher.setAAD(Buffer.from(place));
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, place) {
      if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new DamagedError(place);
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES));
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      try {
        const text = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
        return Buffer.concat([decipher.update(text), decipher.final()]);
      } catch {
        throw new DamagedError(place);
      }
    },
  };
}

/** The seal of a state whose configuration names this key, or none. */
export function sealOf(key: Uint8Array | undefined): Seal {
  return key === undefined ? plainSeal : keySeal(key);
}

function checksum(bytes: Uint8Array, place: string): number {
  return crc32(bytes, crc32(place));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
