// Castagnoli polynomial, reflected (RFC 3720, appendix B.4).
const polynomial = 0x82f63b78;

/** The CRC-32C checksum, which Secret Manager keeps with every payload. */
export function crc32c(bytes: Uint8Array): number {
  let checksum = 0xffffffff;
  for (const byte of bytes) {
    checksum ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      checksum = checksum & 1 ? (checksum >>> 1) ^ polynomial : checksum >>> 1;
    }
  }
  return (checksum ^ 0xffffffff) >>> 0;
}
