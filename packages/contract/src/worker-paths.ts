import { protocolPath } from './worker-protocol.ts'

const stage = (name: string) => (stageId: number) => `${protocolPath}/stages/${stageId}/${name}`

/** Where each call of the worker protocol goes; all are POST. The API builds its routes from the same table, with
 *  `:stageId` in place of the number (`workerRoutes`). */
export const workerPaths = {
  register: `${protocolPath}/register`,
  heartbeat: `${protocolPath}/heartbeat`,
  held: `${protocolPath}/held`,
  take: `${protocolPath}/take`,
  accept: stage('accept'),
  start: stage('start'),
  grant: stage('grant'),
  report: stage('report'),
  /** Raw block, with `segmentQuery` as query parameters. */
  segment: stage('segment'),
  reopen: stage('reopen'),
  seal: stage('seal'),
  card: stage('card'),
  finish: stage('finish'),
  release: stage('release'),
  acknowledge: stage('acknowledge'),
} as const

/** The same paths as route patterns. */
export const workerRoutes: Readonly<Record<keyof typeof workerPaths, string>> = {
  register: workerPaths.register,
  heartbeat: workerPaths.heartbeat,
  held: workerPaths.held,
  take: workerPaths.take,
  accept: `${protocolPath}/stages/:stageId/accept`,
  start: `${protocolPath}/stages/:stageId/start`,
  grant: `${protocolPath}/stages/:stageId/grant`,
  report: `${protocolPath}/stages/:stageId/report`,
  segment: `${protocolPath}/stages/:stageId/segment`,
  reopen: `${protocolPath}/stages/:stageId/reopen`,
  seal: `${protocolPath}/stages/:stageId/seal`,
  card: `${protocolPath}/stages/:stageId/card`,
  finish: `${protocolPath}/stages/:stageId/finish`,
  release: `${protocolPath}/stages/:stageId/release`,
  acknowledge: `${protocolPath}/stages/:stageId/acknowledge`,
}
