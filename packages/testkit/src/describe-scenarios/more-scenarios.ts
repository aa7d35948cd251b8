import { always, failFast, forever, ignored, onFailure, type Scenario, until } from './scenario.ts'

const memory = { mem_limit: 33_554_432, memswap_limit: 33_554_432 }

/** What pipeline.md §14.4 to §14.11 promise beyond the table of §14.10. */
export const moreScenarios: readonly Scenario[] = [
  {
    name: 'F17 an ignored failure among others: a later failure still counts',
    steps: [
      { name: 'a', run: 'exit 1', ...ignored },
      { name: 'b', run: 'exit 3' },
      { name: 'c', run: 'true', ...onFailure },
    ],
    ends: 'failure failure success → failure',
  },
  {
    name: 'F17 a cancelled step with ignore is killed, and so is the stage',
    steps: [{ name: 'a', run: forever, ...ignored }],
    event: 'cancel',
    ends: 'killed → killed',
    exitCodes: [137],
  },
  {
    name: 'F19 a service runs on beside the steps, is a success at their end and keeps its log',
    services: [{ name: 'db', run: 'echo up\ntouch up\nwhile :; do sleep 0.1; done' }],
    steps: [{ name: 'a', run: until('up') }],
    ends: 'success success → success',
    exitCodes: [0, 0],
    logs: { db: '\nup\n' },
  },
  {
    name: 'F19 a service that cannot be started changes nothing',
    services: [{ name: 'db', run: 'true', isBroken: true }],
    steps: [{ name: 'a', run: 'true' }],
    ends: 'success success → success',
  },
  {
    name: 'F19 the exit code 78 of a service skips nothing',
    services: [{ name: 'db', run: 'touch db-ended\nexit 78' }],
    steps: [
      { name: 'a', run: until('db-ended') },
      { name: 'b', run: 'true' },
    ],
    ends: 'success success success → success',
    exitCodes: [0, 0, 0],
  },
  {
    name: 'F19 a cancelled stage kills its services too',
    services: [{ name: 'db', run: 'while :; do sleep 0.1; done' }],
    steps: [{ name: 'a', run: forever }],
    event: 'cancel',
    ends: 'killed killed → killed',
    exitCodes: [137, 137],
    stopped: 'cancelled',
  },
  {
    name: 'F19 a detached step that fails is a success, and failure: has no effect on it',
    steps: [
      { name: 'a', run: 'touch a-ended\nexit 1', detach: true, ...failFast },
      { name: 'b', run: until('a-ended') },
    ],
    ends: 'success success → success',
    exitCodes: [0, 0],
  },
  {
    name: 'F19 a detached step on failure is not started in a stage that passes',
    steps: [
      { name: 'a', run: 'true' },
      { name: 'b', run: 'true', detach: true, ...onFailure },
    ],
    ends: 'success skipped → success',
  },
  {
    name: 'F55 a step whose condition is unmet has no record and lets what follows run',
    steps: [
      { name: 'a', run: 'true' },
      { name: 'b', run: 'exit 1', when: { event: ['cron'] }, ...failFast },
      { name: 'c', run: 'true' },
    ],
    ends: 'success success → success',
  },
  {
    name: 'F55 under a process limit of one, parallel steps run one after the other',
    steps: ['a', 'b', 'c'].map((name) => ({
      name,
      run: 'if [ -e busy ]; then exit 1; fi\ntouch busy\nsleep 0.2\nrm busy',
      depends_on: ['clone'],
    })),
    maxSteps: 1,
    ends: 'success success success → success',
  },
  {
    name: 'F55 a detached step leaves its place under the process limit at once',
    services: [{ name: 'db', run: 'touch up\nwhile :; do sleep 0.1; done' }],
    steps: [{ name: 'a', run: until('up') }],
    maxSteps: 1,
    ends: 'success success → success',
  },
  {
    name: 'F56 an internal error of a fail-fast step stops the stage as well',
    steps: [
      { name: 'a', run: 'true', isBroken: true, ...failFast },
      { name: 'b', run: 'true', ...always },
    ],
    ends: 'error skipped → error',
    exitCodes: [255, 0],
    stopped: 'fail-fast',
  },
  {
    name: 'F56 exit code 78 of a fail-fast step stops the stage: its recorded code is above 0',
    steps: [
      { name: 'a', run: `${until('up')}; exit 78`, depends_on: ['clone'], ...failFast },
      { name: 'b', run: `touch up\n${forever}`, depends_on: ['clone'] },
      { name: 'c', run: 'true', depends_on: ['a'] },
    ],
    ends: 'success killed skipped → killed',
    exitCodes: [78, 137, 0],
    stopped: 'fail-fast',
  },
  {
    name: 'F57 a cancel kills the running step, and what it printed is kept',
    steps: [
      { name: 'a', run: 'true' },
      { name: 'b', run: forever },
      { name: 'c', run: 'true', ...always },
    ],
    event: 'cancel',
    ends: 'success killed skipped → killed',
    exitCodes: [0, 137, 0],
    stopped: 'cancelled',
    logs: { b: '\nready\n' },
  },
  {
    name: 'F57 a cancel after an internal error leaves the error',
    steps: [
      { name: 'a', run: 'true', isBroken: true },
      { name: 'b', run: forever, ...always },
    ],
    event: 'cancel',
    ends: 'error killed → error',
  },
  {
    name: 'F57 a stage cancelled before any step ran is killed',
    steps: [
      { name: 'a', run: 'true' },
      { name: 'b', run: 'true', ...always },
    ],
    event: 'cancel at once',
    ends: 'skipped skipped → killed',
    exitCodes: [0, 0],
    stage: { exitCode: 0, error: '' },
    stopped: 'cancelled',
  },
  {
    name: 'F58 exit code 78 lets what runs go on',
    steps: [
      { name: 'a', run: `${until('up')}\ntouch a-ends\nexit 78`, depends_on: ['clone'] },
      { name: 'b', run: `touch up\n${until('a-ends')}\nsleep 0.5`, depends_on: ['clone'] },
      { name: 'c', run: 'true', depends_on: ['a'] },
    ],
    ends: 'success success skipped → success',
    exitCodes: [78, 0, 0],
  },
  {
    name: 'F58 exit code 78 of an on-failure step leaves the stage failed',
    steps: [
      { name: 'a', run: 'exit 1' },
      { name: 'b', run: 'exit 78', ...onFailure },
      { name: 'c', run: 'true', ...always },
    ],
    ends: 'failure success skipped → failure',
  },
  {
    name: 'F59 out of memory is a failure with 137 and no error text',
    steps: [
      { name: 'a', run: 'tail /dev/zero', ...memory },
      { name: 'b', run: 'true' },
    ],
    needs: 'containers',
    ends: 'failure skipped → failure',
    exitCodes: [137, 0],
    stage: { exitCode: 0, error: '' },
  },
  {
    name: 'F59 out of memory with ignore changes nothing',
    steps: [
      { name: 'a', run: 'tail /dev/zero', ...memory, ...ignored },
      { name: 'b', run: 'true' },
    ],
    needs: 'containers',
    ends: 'failure success → success',
    exitCodes: [137, 0],
  },
  {
    name: 'F59 out of memory with exit code 78 fails, and skips what waits all the same',
    steps: [
      { name: 'a', run: 'tail /dev/zero || exit 78', ...memory },
      { name: 'b', run: 'true', ...onFailure },
    ],
    needs: 'containers',
    ends: 'failure skipped → failure',
    exitCodes: [137, 0],
  },
  {
    name: 'F64 a card is no part of the log',
    steps: [
      {
        name: 'a',
        run: `printf 'before \\033]1338;eyJzY2hlbWEiOiJ4IiwiZGF0YSI6MX0=\\033]0m after\\n'`,
      },
    ],
    ends: 'success → success',
    logs: { a: '\nbefore  after\n' },
  },
  {
    name: 'F61 the server is told the records, each start, each end, and skips by policy',
    steps: [
      { name: 'a', run: 'echo one' },
      { name: 'b', run: 'exit 1' },
      { name: 'c', run: 'true' },
      { name: 'd', run: 'echo four', ...always },
    ],
    ends: 'success failure skipped success → failure',
    told: ['start 1', 'grant 2 +1:success', 'grant 4 +2:failure +3:skipped'],
    logs: { a: '+ echo one\none\n', d: '+ echo four\nfour\n' },
  },
  {
    name: 'F61 skips by exit code 78 are told only with the end of the stage',
    steps: [
      { name: 'a', run: 'exit 78' },
      { name: 'b', run: 'true' },
    ],
    ends: 'success skipped → success',
    told: ['start 1'],
  },
]
