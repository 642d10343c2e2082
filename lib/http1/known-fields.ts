import { sameName } from '../request/header-names.ts';

/** Fields that decide how a message is read; bits of what `knownFields` returns. */
export const CONTENT_LENGTH = 1;
export const TRANSFER_ENCODING = 2;
export const CONNECTION = 4;
export const UPGRADE = 8;
export const EXPECT = 16;
export const KEEP_ALIVE = 32;

/** Which of the fields above are among `fields` (name, value, ...), so that nobody has to look for those that are not. */
export function knownFields(fields: readonly string[]): number {
  let known = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    switch (name.length) {
      case 6:
        if (sameName(name, 'expect')) known |= EXPECT;
        break;
      case 7:
        if (sameName(name, 'upgrade')) known |= UPGRADE;
        break;
      case 10:
        if (sameName(name, 'connection')) known |= CONNECTION;
        else if (sameName(name, 'keep-alive')) known |= KEEP_ALIVE;
        break;
      case 14:
        if (sameName(name, 'content-length')) known |= CONTENT_LENGTH;
        break;
      case 17:
        if (sameName(name, 'transfer-encoding')) known |= TRANSFER_ENCODING;
        break;
    }
  }
  return known;
}
