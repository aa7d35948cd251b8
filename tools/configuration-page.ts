import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SettingGroup } from '@waggle/config'
import * as config from '@waggle/config'

/** The page of all settings, made from their definitions. */
const chapters: readonly { title: string; text: string; group: SettingGroup }[] = [
  { title: 'Every process', text: 'Read by the API and by workers.', group: config.sharedSettings },
  { title: 'API', text: 'Read by `waggle api`.', group: config.apiSettings },
  { title: 'Worker', text: 'Read by `waggle worker`.', group: config.workerSettings },
  {
    title: 'Command line',
    text: 'Read by the other commands; a flag wins.',
    group: config.cliSettings,
  },
]

export const configurationPage = (): string => {
  const parts = chapters.map(({ title, text, group }) => {
    const rows = Object.values(group).map((setting) => {
      const aliases = setting.aliases.map((name) => `\`${name}\``).join(', ')
      const file = setting.isSecret ? ` Also \`${setting.name}_FILE\`.` : ''
      return `| \`${setting.name}\` | ${setting.fallback || 'required'} | ${setting.doc}${file} | ${aliases} |`
    })
    return `## ${title}\n\n${text}\n\n| name | without it | meaning | also accepted |\n|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return `# Configuration

Settings are environment variables. Each process reads them once at its start and names every problem in one message.
An empty variable counts as not set. Secret ones can also be read from a file: \`<NAME>_FILE\` holds its path. Lists are
comma separated; maps are \`key:value,key2:value2\`.

This page is made from the definitions in \`packages/config\` (\`node tools/configuration-page.ts --write\`).

${parts.join('\n')}`
}

if (process.argv.includes('--write'))
  writeFileSync(join(import.meta.dirname, '../docs/configuration.md'), configurationPage())
