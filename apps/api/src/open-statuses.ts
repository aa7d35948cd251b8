import type { apiSettings, SettingValues } from '@waggle/config'
import { invalid, type StatusHost } from '@waggle/domain'
import { post } from '@waggle/extensions'
import { hostKinds, hostPlace, readStatusAnswer, slugAt, statusRequest } from '@waggle/scm'

type Settings = SettingValues<typeof apiSettings>

/** What a host says is not looked at beyond this. */
const answerBytes = 64 * 1024

/** The host that the settings name; `null` = commits are told to nobody. Throws `invalid` for a kind that is none, for an
 *  address that is none, and where there is no token. */
export const openStatusHost = (settings: Settings): StatusHost | null => {
  const { statusToken: token, statusSkipVerify: skipVerify } = settings
  if (settings.statusHost === 'none' || settings.statusDisabled) return null
  const kind = hostKinds.find((one) => one === settings.statusHost)
  if (kind === undefined)
    throw invalid(
      'unknown_host',
      `WAGGLE_STATUS_HOST: must be none or one of ${hostKinds.join(', ')}`,
    )
  if (!/^[\x21-\x7e]+$/.test(token))
    throw invalid('no_status_token', 'WAGGLE_STATUS_HOST needs WAGGLE_STATUS_TOKEN: a token')
  const place = hostPlace(kind, settings.statusServer, settings.statusApi)
  return {
    url: place.server.href,
    slugOf: (gitUrl) => slugAt(place, gitUrl),
    takes: (status) => statusRequest(place, token, 'a/b', status) !== null,
    send: async (slug, status, signal) => {
      const request = statusRequest(place, token, slug, status)
      if (request === null) return { status: 204, retryAfterMs: 0, reason: '' }
      const answer = await post(
        {
          ...{ name: 'code host', url: request.url, headers: request.headers, skipVerify },
          body: Buffer.from(request.body),
          timeoutMs: settings.statusTimeoutSeconds * 1_000,
          limitBytes: answerBytes,
          isBodyCut: true,
          allowPrivate: settings.outgoingPrivateHosts,
        },
        signal,
      )
      return readStatusAnswer(kind, answer, Date.now())
    },
  }
}
