import { expect } from 'chai';
import { newRequestId } from '../../../lib/request/request-id.ts';

describe('newRequestId', () => {
  it('makes UUIDs of version 4 that do not repeat', () => {
    const ids = new Set(Array.from({ length: 1_000 }, newRequestId));
    expect(ids.size).to.equal(1_000);
    for (const id of ids) {
      expect(id).to.match(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    }
  });
});
