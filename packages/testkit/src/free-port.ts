import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type ListenOptions, type Server } from 'node:net'

/** A TCP port of loopback on which nobody listens, and which is this process's until it ends: a server that is stopped
 *  and started again finds it free. It lies below the range from which the system gives ports to outgoing
 *  connections, and a name in the kernel's own space, gone with the process, keeps other tests away from it. */
export const freePort = async (): Promise<number> => {
  const end = Math.min(firstOutgoing(), 32_768)
  if (end - firstPort < 1_000) return anyPort()
  for (;;) {
    const port = randomInt(firstPort, end)
    const name = await listening({ path: `\0waggle-test-port-${port}` })
    if (name === null) continue
    const probe = await listening({ port, host: '0.0.0.0' })
    if (probe === null) {
      await closed(name)
      continue
    }
    await closed(probe)
    name.unref()
    return port
  }
}

const firstPort = 15_000

const firstOutgoing = (): number => {
  try {
    return Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10)
  } catch {
    return 0
  }
}

/** Where the system has no such range, or no such names: one that was free a moment ago. */
const anyPort = async (): Promise<number> => {
  const server = await listening({ port: 0, host: '127.0.0.1' })
  const address = server?.address()
  if (!server || typeof address !== 'object' || address === null) throw new Error('no free port')
  await closed(server)
  return address.port
}

const listening = (where: ListenOptions): Promise<Server | null> =>
  new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', () => resolve(null))
    server.listen({ ...where, exclusive: true }, () => resolve(server))
  })

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => server.close(() => resolve()))
