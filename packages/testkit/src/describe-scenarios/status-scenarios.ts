import { always, failFast, forever, ignored, onFailure, type Scenario, until } from './scenario.ts'

/** The rows of pipeline.md §14.10, in its order. `a`, `b`, `c`, `d` are serial unless they say otherwise. */
export const statusScenarios: readonly Scenario[] = [
  {
    name: 'F55 a exits 2; b; c on-failure; d always',
    steps: [
      { name: 'a', run: 'exit 2' },
      { name: 'b', run: 'true' },
      { name: 'c', run: 'true', ...onFailure },
      { name: 'd', run: 'true', ...always },
    ],
    ends: 'failure skipped success success → failure',
    exitCodes: [2, 0, 0, 0],
    // The stage's own exit code stays 0 (§14.3).
    stage: { exitCode: 0, error: '' },
    stopped: '',
  },
  {
    name: 'F55 all pass; c on-failure; d always',
    steps: [
      { name: 'a', run: 'true' },
      { name: 'b', run: 'true' },
      { name: 'c', run: 'true', ...onFailure },
      { name: 'd', run: 'true', ...always },
    ],
    ends: 'success success skipped success → success',
  },
  {
    name: 'F58 a exits 78; b; c on-failure; d always',
    steps: [
      { name: 'a', run: 'exit 78' },
      { name: 'b', run: 'true' },
      { name: 'c', run: 'true', ...onFailure },
      { name: 'd', run: 'true', ...always },
    ],
    ends: 'success skipped skipped skipped → success',
    exitCodes: [78, 0, 0, 0],
  },
  {
    name: 'F17 a exits 1 with ignore; b',
    steps: [
      { name: 'a', run: 'exit 1', ...ignored },
      { name: 'b', run: 'true' },
    ],
    ends: 'failure success → success',
    exitCodes: [1, 0],
  },
  {
    name: 'F17 a cannot start with ignore; b; c on-failure',
    steps: [
      { name: 'a', run: 'true', isBroken: true, ...ignored },
      { name: 'b', run: 'true' },
      { name: 'c', run: 'true', ...onFailure },
    ],
    ends: 'error skipped success → error',
    exitCodes: [255, 0, 0],
    stage: { exitCode: 255 },
  },
  {
    name: 'F60 a exits 1; b on-failure has an internal error: the first in order decides',
    steps: [
      { name: 'a', run: 'exit 1' },
      { name: 'b', run: 'true', isBroken: true, ...onFailure },
    ],
    ends: 'failure error → failure',
  },
  {
    name: 'F60 a has an internal error; b on-failure exits 1: the first in order decides',
    steps: [
      { name: 'a', run: 'true', isBroken: true },
      { name: 'b', run: 'exit 1', ...onFailure },
    ],
    ends: 'error failure → error',
  },
  {
    name: 'F60 only on-failure steps',
    steps: [{ name: 'a', run: 'true', ...onFailure }],
    ends: 'skipped → success',
  },
  { name: 'F60 no steps at all', steps: [], ends: '→ success' },
  {
    name: 'F55 parallel: a exits 1, b passes, c after b is skipped',
    steps: [
      { name: 'a', run: 'exit 1', depends_on: ['clone'] },
      { name: 'b', run: until('a-ended'), depends_on: ['clone'] },
      { name: 'c', run: 'true', depends_on: ['b'] },
      // Says that the end of `a` is known.
      { name: 'd', run: 'touch a-ended', depends_on: ['a'], ...always },
    ],
    ends: 'failure success skipped success → failure',
  },
  {
    name: 'F56 parallel: a fail-fast exits 1, b runs, c after b, d after a always',
    steps: [
      { name: 'a', run: `${until('up')}; exit 1`, depends_on: ['clone'], ...failFast },
      { name: 'b', run: `touch up\n${forever}`, depends_on: ['clone'] },
      { name: 'c', run: 'true', depends_on: ['b'] },
      { name: 'd', run: 'true', depends_on: ['a'], ...always },
    ],
    ends: 'failure killed skipped skipped → failure',
    exitCodes: [1, 137, 0, 0],
    stopped: 'fail-fast',
  },
  {
    name: 'F56 parallel: the same with b listed before a',
    steps: [
      { name: 'b', run: `touch up\n${forever}`, depends_on: ['clone'] },
      { name: 'a', run: `${until('up')}; exit 1`, depends_on: ['clone'], ...failFast },
      { name: 'c', run: 'true', depends_on: ['b'] },
      { name: 'd', run: 'true', depends_on: ['a'], ...always },
    ],
    ends: 'killed failure skipped skipped → killed',
    stage: { exitCode: 137 },
    stopped: 'fail-fast',
  },
  {
    name: 'F57 a runs into the timeout; b; c always',
    steps: [
      { name: 'a', run: forever },
      { name: 'b', run: 'true' },
      { name: 'c', run: 'true', ...always },
    ],
    event: 'timeout',
    ends: 'killed skipped skipped → killed',
    exitCodes: [137, 0, 0],
    stage: { exitCode: 137, error: '' },
    stopped: 'timeout',
  },
  {
    name: 'F57 a exits 1; b always runs into the timeout; c always',
    steps: [
      { name: 'a', run: 'exit 1' },
      { name: 'b', run: forever, ...always },
      { name: 'c', run: 'true', ...always },
    ],
    event: 'timeout',
    ends: 'failure killed skipped → failure',
    stopped: 'timeout',
  },
  {
    name: 'F19 a service exits 1 at once; b passes',
    services: [{ name: 'db', run: 'echo gone\ntouch db-ended\nexit 1' }],
    steps: [{ name: 'b', run: until('db-ended') }],
    ends: 'success success → success',
    exitCodes: [0, 0],
  },
  {
    name: 'F52 the set-up fails',
    steps: [
      { name: 'a', run: 'true' },
      { name: 'b', run: 'true', ...always },
    ],
    hasNoSetup: true,
    ends: 'skipped skipped → error',
    stage: { exitCode: 255 },
  },
]
