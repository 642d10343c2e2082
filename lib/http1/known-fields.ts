/** Fields that decide how a message is read; bits of what `knownField` returns. */
export const CONTENT_LENGTH = 1;
export const TRANSFER_ENCODING = 2;
export const CONNECTION = 4;
export const UPGRADE = 8;
export const EXPECT = 16;
export const KEEP_ALIVE = 32;

const CONTENT_LENGTH_NAME = Buffer.from('content-length');
const TRANSFER_ENCODING_NAME = Buffer.from('transfer-encoding');
const CONNECTION_NAME = Buffer.from('connection');
const UPGRADE_NAME = Buffer.from('upgrade');
const EXPECT_NAME = Buffer.from('expect');
const KEEP_ALIVE_NAME = Buffer.from('keep-alive');

/** Which of them the field name in `bytes` is, 0 for all others. Once that is known, nobody has to look for the rest. */
export function knownField(bytes: Buffer, from: number, to: number): number {
  switch (to - from) {
    case EXPECT_NAME.length:
      return isName(bytes, from, EXPECT_NAME) ? EXPECT : 0;
    case UPGRADE_NAME.length:
      return isName(bytes, from, UPGRADE_NAME) ? UPGRADE : 0;
    case CONNECTION_NAME.length: // and of Keep-Alive
      if (isName(bytes, from, CONNECTION_NAME)) return CONNECTION;
      return isName(bytes, from, KEEP_ALIVE_NAME) ? KEEP_ALIVE : 0;
    case CONTENT_LENGTH_NAME.length:
      return isName(bytes, from, CONTENT_LENGTH_NAME) ? CONTENT_LENGTH : 0;
    case TRANSFER_ENCODING_NAME.length:
      return isName(bytes, from, TRANSFER_ENCODING_NAME) ? TRANSFER_ENCODING : 0;
    default:
      return 0;
  }
}

/** In any case: the bit between `A` and `a` is set in `-` too, and in no other token character that this could mistake. */
function isName(bytes: Buffer, from: number, name: Buffer): boolean {
  for (let i = 0; i < name.length; i += 1) {
    if ((bytes[from + i]! | 32) !== name[i]) return false;
  }
  return true;
}
