import { createHash, randomFillSync } from "node:crypto";

/** The state of xoshiro128**: four words of 32 bits, not all zero. */
export type XoshiroState = readonly [number, number, number, number];

const WORDS_AT_ONCE = 1_024;

/**
 * Makes numbers in [0, 1), each of 53 random bits.
 *
 * @param seed the same seed gives the same numbers; `null` takes unpredictable ones from the operating system.
 */
export function createRandom(seed: number | null): () => number {
  const word = seed === null ? systemWords() : xoshiro128(stateOf(seed));
  // The upper bits of two words; the lowest ones of xoshiro128** are its weakest.
  return () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53;
}

/**
 * The generator xoshiro128** 1.1 of Blackman and Vigna (https://prng.di.unimi.it/xoshiro128starstar.c):
 * words of 32 bits that repeat after 2^128 - 1 of them.
 */
export function xoshiro128(state: XoshiroState): () => number {
  let [a, b, c, d] = state;
  return () => {
    const word = Math.imul(rotatedLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotatedLeft(d, 11);
    return word;
  };
}

/** A digest, so that neighbouring seeds give unrelated numbers. */
function stateOf(seed: number): XoshiroState {
  const digest = createHash("sha256").update(String(seed)).digest();
  return [
    digest.readUInt32LE(0),
    digest.readUInt32LE(4),
    digest.readUInt32LE(8),
    digest.readUInt32LE(12),
  ];
}

/** In blocks: a system call for each number would cost a hundred times as much. */
function systemWords(): () => number {
  const words = new Uint32Array(WORDS_AT_ONCE);
  let used = WORDS_AT_ONCE;
  return () => {
    if (used === WORDS_AT_ONCE) {
      randomFillSync(words);
      used = 0;
    }
    const word = words[used] ?? 0;
    used += 1;
    return word;
  };
}

function rotatedLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
