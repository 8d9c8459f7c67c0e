/** Everything that can be said of a `.hart`. A closed list; the order is not a ranking. */
export type Verdict =
  | 'OK'
  | 'MALFORMED_HEADER'
  | 'UNKNOWN_KEY'
  | 'BAD_KEY_FILE'
  | 'BAD_SIGNATURE'
  | 'PAYLOAD_HASH_MISMATCH'
  | 'CHECKSUM_MISMATCH'
  | 'ARCHIVE_CORRUPT'
  | 'IDENT_MISMATCH'
  | 'TARGET_MISMATCH'
  | 'UNREADABLE';

/** What one `.hart` came to. Hashes are lower-case hex of BLAKE2b-256; null when there was nothing to hash. */
export type HartReport = {
  verdict: Verdict;
  /** The named revision of the key that the header claims. */
  signer: string | null;
  payloadBlake2b: string | null;
  fileBlake2b: string | null;
  detail: string | null;
};
