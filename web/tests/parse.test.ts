import assert from 'node:assert/strict';
import { test } from 'node:test';

import { wholeNumber } from '../src/format/parse';

test('an emptied field is no number, and not 0', () => {
  assert.equal(wholeNumber(''), null);
  assert.equal(wholeNumber('  '), null);
  assert.equal(wholeNumber('x'), null);
  assert.equal(wholeNumber('-3'), null);
  assert.equal(wholeNumber('Infinity'), null);
  assert.equal(wholeNumber('0'), 0);
  assert.equal(wholeNumber('12.6'), 13);
});
