import { expect, it } from 'vitest'
import { skipDirective } from './skip-directive.ts'

it.each([
  ['push', 'fix [CI Skip] now', '', '[ci skip]'],
  ['push', 'fix\n\n[skip ci]', '', '[skip ci]'],
  ['pull_request', '', 'x ***NO_CI***', '***no_ci***'],
  ['push', 'fix [ci-skip]', '', null],
  ['push', 'fix [ci  skip]', '', null],
  ['pull_request', 'a description', 'Draft [ci skip]', '[ci skip]'],
  ['push', 'a message', 'a title', null],
  ['tag', '[ci skip]', '', null],
  ['cron', '[ci skip]', '', null],
  ['custom', '[ci skip]', '', null],
  ['promote', '[ci skip]', '', null],
  ['rollback', '[ci skip]', '', null],
] as const)(
  'reads the skip directive of a %s with message "%s" and title "%s" as %s',
  (event, message, title, directive) => {
    expect(skipDirective({ event, message, title })).toBe(directive)
  },
)
