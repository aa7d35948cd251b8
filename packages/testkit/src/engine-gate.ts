import { createConnection, createServer, type Server, type Socket } from 'node:net'

/** A way to the container engine that can be cut: as a restart with live-restore looks to a worker (reliability.md D1
 *  to D3). */
export class EngineGate {
  /** Socket that stands for the engine's. */
  readonly path: string
  readonly #target: string
  readonly #sockets = new Set<Socket>()
  #lost = ''
  #server: Server | undefined

  constructor(path: string, target: string) {
    this.path = path
    this.#target = target
  }

  open(): Promise<void> {
    const server = createServer((near) => {
      const far = createConnection(this.#target)
      near.on('data', (bytes: Buffer) => {
        if (this.#lost === '' || !bytes.toString('latin1').includes(this.#lost)) return
        this.#lost = ''
        far.unpipe(near).resume()
        far.once('data', () => near.destroy())
      })
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one)
        one.pipe(other)
        one.on('error', () => other.destroy())
        one.on('close', () => {
          this.#sockets.delete(one)
          other.destroy()
        })
      }
    })
    this.#server = server
    return new Promise((resolve) => server.listen(this.path, resolve))
  }

  /** Lets the next request with this text through, and cuts its connection before the answer. */
  loseAnswerTo(text: string): void {
    this.#lost = text
  }

  shut(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    return new Promise((resolve) => {
      if (this.#server) this.#server.close(() => resolve())
      else resolve()
    })
  }
}
