import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { PlanOffer } from '../src/api';
import { fieldsOf, previewOf, requestOf } from '../src/pages/start_request';

const OFFER: PlanOffer = {
  name: 'web',
  kind: 'plan',
  open_model: false,
  load: '10 users',
  host: 'http://shop:8080',
  users: 10,
  spawn_rate: 2,
  arrival_rate: null,
  run_time_seconds: 90,
  has_shape: false,
  planned: [
    { at: 0, users: 0, rate: 0 },
    { at: 90, users: 10, rate: 0 },
  ],
  stages: null,
  user_classes: [{ name: 'A', weight: 1, fixed_count: null, tasks: [] }],
  tags: ['a', 'b', 'c'],
  only_tags: [],
  exclude_tags: [],
  iterations: null,
  seed: null,
  stop_timeout_seconds: null,
  options: [
    {
      name: 'key',
      help: '',
      value: 'x',
      choices: [],
      flag: false,
      many: false,
      secret: false,
      required: true,
    },
  ],
};
const CHANGED = (part: object) => ({ ...fieldsOf(OFFER), ...part });

test('an untouched form leaves everything to the plan', () => {
  assert.deepEqual(requestOf(fieldsOf(OFFER), OFFER), { request: { plan: 'web' }, errors: {} });
  assert.equal(fieldsOf(OFFER).run_time, '1m30s');
});

test('what was changed is sent', () => {
  const fields = CHANGED({
    users: '20',
    run_time: '2m',
    host: 'https://other',
    tags: 'a, b',
    seed: '7',
    options: { key: 'y' },
  });
  assert.deepEqual(requestOf(fields, OFFER), {
    request: {
      plan: 'web',
      users: 20,
      spawn_rate: 2,
      host: 'https://other',
      run_time_seconds: 120,
      seed: '7',
      tags: ['a', 'b'],
      options: { key: 'y' },
    },
    errors: {},
  });
});

test('what cannot be is said at its field', () => {
  const fields = CHANGED({
    users: '1.5',
    spawn_rate: '0',
    host: 'shop',
    run_time: 'long',
    iterations: '-1',
    seed: 'x',
    options: { key: '' },
  });
  const { errors } = requestOf(fields, OFFER);
  assert.deepEqual(Object.keys(errors).sort(), [
    'host',
    'iterations',
    'option key',
    'run_time',
    'seed',
    'spawn_rate',
    'users',
  ]);
});

// As with --tags a,b --exclude-tags c -i 40 --seed 7 --stop-timeout 2.5
const LINE: PlanOffer = {
  ...OFFER,
  only_tags: ['a', 'b'],
  exclude_tags: ['c'],
  iterations: 40,
  seed: '18446744073709551615',
  stop_timeout_seconds: 2.5,
};

test('what the command line says is what the form begins with', () => {
  const fields = fieldsOf(LINE);
  assert.deepEqual(
    [fields.tags, fields.exclude_tags, fields.iterations, fields.seed, fields.stop_timeout],
    ['a, b', 'c', '40', '18446744073709551615', '2.5s'],
  );
  assert.deepEqual(requestOf(fields, LINE), { request: { plan: 'web' }, errors: {} });
});

test('what was emptied is undone', () => {
  const empty = {
    ...fieldsOf(LINE),
    ...{ host: '', run_time: ' ', iterations: '', seed: '', stop_timeout: '' },
    ...{ tags: '', exclude_tags: ' ' },
  };
  assert.deepEqual(requestOf(empty, LINE), {
    request: {
      plan: 'web',
      host: null,
      run_time_seconds: null,
      stop_timeout_seconds: null,
      iterations: null,
      seed: null,
      tags: [],
      exclude_tags: [],
    },
    errors: {},
  });
});

test('a level needs its users and its spawn rate', () => {
  const { request, errors } = requestOf(CHANGED({ users: '', spawn_rate: '' }), OFFER);
  assert.deepEqual(errors, { users: 'Must be given', spawn_rate: 'Must be given' });
  assert.deepEqual(request, { plan: 'web' });
});

test('a level in the place of a shape is what the preview shows', () => {
  const shape: PlanOffer = { ...OFFER, has_shape: true };
  const typed = { ...fieldsOf(shape), users: '20', spawn_rate: '' };
  assert.deepEqual(requestOf(typed, shape).request, {
    plan: 'web',
    users: 20,
    spawn_rate: 20,
    run_time_seconds: 90,
  });
  assert.deepEqual(previewOf(typed, shape)[1], { at: 1, users: 20, rate: 0 });
  assert.deepEqual(requestOf({ ...typed, users: '' }, shape), {
    request: { plan: 'web' },
    errors: {},
  });
  assert.ok(requestOf({ ...typed, users: '', spawn_rate: '3' }, shape).errors.users);
  // A shorter run time cuts the shape.
  const short = { ...fieldsOf(shape), run_time: '45' };
  assert.deepEqual(requestOf(short, shape).request, { plan: 'web', run_time_seconds: 45 });
  assert.deepEqual(previewOf(short, shape).at(-1), { at: 45, users: 5, rate: 0 });
});

test('an open model has an arrival rate to choose, and no users', () => {
  const planned = [
    { at: 0, users: 0, rate: 50 },
    { at: 60, users: 0, rate: 100 },
  ];
  const open = { ...OFFER, open_model: true, has_shape: true, arrival_rate: 100, planned };
  const fields = { ...fieldsOf(open), users: '5' };
  assert.equal(fields.arrival_rate, '100');
  assert.deepEqual(requestOf(fields, open), { request: { plan: 'web' }, errors: {} });
  const more = { ...fields, arrival_rate: '250' };
  assert.deepEqual(requestOf(more, open).request, { plan: 'web', arrival_rate: 250 });
  assert.deepEqual(
    previewOf(more, open).map(({ rate }) => rate),
    [125, 250],
  );
  for (const wrong of ['', '0', '-1', 'x'])
    assert.ok(requestOf({ ...fields, arrival_rate: wrong }, open).errors.arrival_rate, wrong);
});

test('arrivals in the place of users need an end', () => {
  const fields = CHANGED({ arrivals: true, arrival_rate: '20', users: 'x' });
  assert.deepEqual(requestOf(fields, OFFER), {
    request: { plan: 'web', arrival_rate: 20 },
    errors: {},
  });
  assert.deepEqual(previewOf(fields, OFFER), [
    { at: 0, users: 0, rate: 20 },
    { at: 90, users: 0, rate: 20 },
  ]);
  const endless = { ...fields, run_time: '' };
  assert.ok(requestOf(endless, OFFER).errors.run_time);
  assert.deepEqual(previewOf(endless, OFFER), []);
  assert.deepEqual(requestOf(endless, { ...OFFER, has_shape: true }).errors, {});
  assert.ok(requestOf({ ...fields, arrival_rate: '' }, OFFER).errors.arrival_rate);
});

test('a plan of one’s own goes in the place of the offered ones', () => {
  const fields = { ...fieldsOf(undefined), text: 'name: x' };
  assert.deepEqual(requestOf(fields, undefined), { request: { text: 'name: x' }, errors: {} });
  assert.ok(requestOf(fieldsOf(undefined), undefined).errors.text);
});

test('drawn stages replace users and spawn rate', () => {
  const stages = [{ duration_seconds: 10, users: 5, spawn_rate: 1 }];
  assert.deepEqual(requestOf(CHANGED({ users: 'x', stages }), OFFER), {
    request: { plan: 'web', stages },
    errors: {},
  });
  assert.deepEqual(previewOf(CHANGED({ stages }), OFFER).at(-1), { at: 10, users: 5, rate: 0 });
});

test('the preview is the plan’s until users are typed', () => {
  assert.equal(previewOf(fieldsOf(OFFER), OFFER), OFFER.planned);
  assert.deepEqual(previewOf(CHANGED({ users: '20' }), OFFER), [
    { at: 0, users: 0, rate: 0 },
    { at: 10, users: 20, rate: 0 },
    { at: 90, users: 20, rate: 0 },
  ]);
});
