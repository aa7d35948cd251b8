import type {
  KubernetesContainer,
  KubernetesPod,
  KubernetesResources,
  KubernetesToleration,
  KubernetesVolume,
} from '../manifest.ts'
import { type Fields, sourceText } from './fields.ts'

/** Keys of a kubernetes pipeline beyond docker's (pipeline.md §7.1). */
export const decodeKubernetesPod = (owner: Fields): KubernetesPod => {
  const fields = owner.ofStage()
  const metadata = fields.fields('metadata')
  const dns = fields.fields('dns_config')
  const resources = fields.fields('resources')
  return {
    namespace: metadata?.str('namespace') ?? '',
    labels: metadata?.strMap('labels') ?? {},
    annotations: metadata?.strMap('annotations') ?? {},
    nodeName: fields.str('node_name'),
    nodeSelector: fields.node('node_selector') === null ? null : fields.strMap('node_selector'),
    serviceAccountName: fields.str('service_account_name'),
    tolerations: present(fields.list('tolerations')).map(decodeToleration),
    dns: {
      nameservers: dns?.strs('nameservers') ?? [],
      searches: dns?.strs('searches') ?? [],
      options: present(dns?.list('options') ?? []).map((option) => ({
        name: option.str('name'),
        value: option.str('value'),
      })),
    },
    hostAliases: present(fields.list('host_aliases')).map((alias) => ({
      ip: alias.str('ip'),
      hostnames: alias.strs('hostnames'),
    })),
    volumes: present(fields.node('volumes')?.kind === 'list' ? fields.list('volumes') : []).flatMap(
      decodeVolume,
    ),
    requests: decodeResources(resources?.fields('requests') ?? null),
    limits: decodeResources(resources?.fields('limits') ?? null),
  }
}

/** Those with temp or host are volumes of every type, and judged there. */
const decodeVolume = (fields: Fields): KubernetesVolume[] => {
  if (fields.node('temp') !== null || fields.node('host') !== null) return []
  const name = nameOf(fields)
  const claim = fields.fields('claim')
  if (claim !== null) {
    const readOnly = claim.bool('read_only')
    return [{ name, source: { kind: 'claim', claim: claim.str('name'), readOnly } }]
  }
  return (['config_map', 'secret'] as const).flatMap((kind) => {
    const inner = fields.fields(kind)
    if (inner === null) return []
    const defaultMode = inner.int('default_mode')
    const isOptional = inner.bool('optional')
    return [{ name, source: { kind, source: inner.str('name'), defaultMode, isOptional } }]
  })
}

/** Keys of a kubernetes step beyond docker's. Its `requests` are ignored. */
export const decodeKubernetesContainer = (owner: Fields): KubernetesContainer => {
  const fields = owner.ofStage()
  const isSet = (key: string): boolean => fields.node(key) !== null
  return {
    user: isSet('user') ? fields.int('user') : null,
    group: isSet('group') ? fields.int('group') : null,
    limits: decodeResources(fields.fields('resources')?.fields('limits') ?? null),
  }
}

/** `toleration_seconds` is what people write; the reference reads `tolerationseconds` alone (rule X5). */
const decodeToleration = (fields: Fields): KubernetesToleration => {
  const key = ['toleration_seconds', 'tolerationseconds'].find((name) => fields.node(name) !== null)
  return {
    effect: fields.str('effect'),
    key: fields.str('key'),
    operator: fields.str('operator'),
    value: fields.str('value'),
    seconds: key === undefined ? null : fields.int(key),
  }
}

/** Its type was judged with the volumes of every type. */
const nameOf = (fields: Fields): string => {
  const node = fields.node('name')
  return node?.kind === 'scalar' ? sourceText(node) : ''
}

const decodeResources = (fields: Fields | null): KubernetesResources => ({
  cpuMillis: fields?.int('cpu') ?? 0,
  memoryBytes: fields?.size('memory') ?? 0,
})

const present = (list: readonly (Fields | null)[]): Fields[] =>
  list.filter((entry) => entry !== null)
