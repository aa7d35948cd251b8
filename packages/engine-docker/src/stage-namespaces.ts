import type { Logger, Spec, SpecStep } from '@waggle/domain'
import type { EngineClient } from './engine-client.ts'
import { isSameAttempt, namespaceLabel } from './stage-labels.ts'
import { statusOf } from './translate-error.ts'

export interface NamespaceDeps {
  readonly client: EngineClient
  readonly log: Logger
  /** Name of the pause image; `null` where there is none for this engine. */
  readonly pauseImage: () => Promise<string | null>
}

/** The shared network namespaces of one stage (design §12): each is held by a pause container on the stage's network,
 *  which carries the names of all steps that join it. Measured: a step that joins costs 150 ms instead of 400.
 *
 *  What fails here never fails a step: it then gets a namespace of its own. */
export class StageNamespaces {
  readonly #deps: NamespaceDeps
  readonly #spec: Spec
  readonly #pauses = new Map<number, Promise<string>>()

  constructor(deps: NamespaceDeps, spec: Spec) {
    this.#deps = deps
    this.#spec = spec
  }

  /** Begins to make them, the first step's first, while the worker goes on. A namespace of one step is not made:
   *  it would cost more than it saves. */
  prepare(): void {
    let before: Promise<unknown> = Promise.resolve()
    for (const [namespace, steps] of this.#shared()) {
      const made = before.then(() => this.#make(namespace, steps))
      this.#pauses.set(namespace, made)
      before = made
    }
  }

  /** Id of the container whose namespace the step joins; empty = a namespace of its own. */
  async pauseIdFor(step: SpecStep): Promise<string> {
    if (step.namespace < 0 || step.network !== '') return ''
    return (await this.#pauses.get(step.namespace)) ?? ''
  }

  /** Looks whether the namespace is still there, after a step could not join it; a dead one is not offered again. */
  async isGone(step: SpecStep): Promise<boolean> {
    const id = await this.pauseIdFor(step)
    if (id === '') return true
    const isRunning = await this.#deps.client
      .call<{ State?: { Running?: boolean } }>('GET', `/containers/${id}/json`)
      .then(
        (found) => found.State?.Running === true,
        () => false,
      )
    if (!isRunning) this.#pauses.set(step.namespace, Promise.resolve(''))
    return !isRunning
  }

  /** Resolves when nothing is being made any more: what destroy waits for, or it would miss a container. */
  async settled(): Promise<void> {
    await Promise.all(this.#pauses.values())
  }

  #shared(): readonly (readonly [number, readonly SpecStep[]])[] {
    const groups = new Map<number, SpecStep[]>()
    for (const step of this.#spec.steps) {
      if (step.namespace < 0 || step.network !== '' || step.runPolicy === 'never') continue
      groups.set(step.namespace, [...(groups.get(step.namespace) ?? []), step])
    }
    return [...groups].filter(([, steps]) => steps.length > 1)
  }

  async #make(namespace: number, steps: readonly SpecStep[]): Promise<string> {
    try {
      const image = await this.#deps.pauseImage()
      if (image === null) return ''
      const id = await this.#create(image, namespace, steps)
      await this.#connect(id, steps)
      await this.#deps.client.call('POST', `/containers/${id}/start`)
      return id
    } catch (err) {
      this.#deps.log.warn('shared network namespace not made', { err, count: steps.length })
      return ''
    }
  }

  async #create(image: string, namespace: number, steps: readonly SpecStep[]): Promise<string> {
    const { id: network, labels } = this.#spec.network
    const name = `${network}-ns${namespace}`
    const create = () =>
      this.#deps.client.call<{ Id: string }>('POST', '/containers/create', {
        query: { name },
        body: {
          Image: image,
          Labels: { ...labels, [namespaceLabel]: String(namespace) },
          User: '65534:65534',
          HostConfig: {
            NetworkMode: network,
            ReadonlyRootfs: true,
            CapDrop: ['ALL'],
            SecurityOpt: ['no-new-privileges'],
            PidsLimit: 8,
            LogConfig: { Type: 'none', Config: {} },
          },
          NetworkingConfig: {
            EndpointsConfig: { [network]: { Aliases: steps.map((step) => step.name) } },
          },
        },
      })
    try {
      return (await create()).Id
    } catch (error) {
      if (statusOf(error) !== 409) throw error
    }
    // Left by a set-up of this attempt that was broken off: steps may already run in it.
    const found = await this.#deps.client.call<{
      Id: string
      Config?: { Labels?: Record<string, string> }
    }>('GET', `/containers/${name}/json`)
    if (isSameAttempt(found.Config?.Labels, labels)) return found.Id
    throw new Error(`the name ${name} belongs to a container of somebody else`)
  }

  /** Further networks are the pause container's: a container that joins a namespace cannot have its own. */
  async #connect(id: string, steps: readonly SpecStep[]): Promise<void> {
    for (const network of new Set(steps.flatMap((step) => step.networks))) {
      await connectNetwork(this.#deps, id, network)
    }
  }
}

/** Connects a container to a further network, with the network's name as its alias there. Failing is noted and
 *  passed over (pipeline.md §13.2, X20). */
export const connectNetwork = async (
  deps: Pick<NamespaceDeps, 'client' | 'log'>,
  container: string,
  network: string,
): Promise<void> => {
  const path = `/networks/${encodeURIComponent(network)}`
  try {
    // An engine connects a created container to a network that is not there, and then cannot start it.
    await deps.client.call('GET', path)
    await deps.client.call('POST', `${path}/connect`, {
      body: { Container: container, EndpointConfig: { Aliases: [network] } },
    })
  } catch (err) {
    deps.log.warn('further network not connected', { err, name: network })
  }
}
