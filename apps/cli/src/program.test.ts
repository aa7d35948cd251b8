import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram } from './program.ts'

const program = createProgram({ exitNow: () => undefined, finish: () => undefined })

/** What `--help` prints; `''` where there is no such command. */
const helpOf = (names: readonly string[]): string => {
  let command: Command | undefined = program
  for (const name of names) command = command?.commands.find((one) => one.name() === name)
  let text = ''
  command?.configureOutput({
    writeOut: (part) => {
      text += part
    },
  })
  command?.outputHelp()
  return text
}

const namesOf = (command: Command, path: readonly string[] = []): readonly (readonly string[])[] =>
  command.commands.flatMap((one) => [[...path, one.name()], ...namesOf(one, [...path, one.name()])])

describe('the help', () => {
  // Two commands hand `--help` on to what they start.
  const own = namesOf(program).filter(([name = '']) => !['test', 'bench'].includes(name))

  it.each(own.map((names) => [names.join(' '), names] as const))(
    'of %s has an example of it',
    (name, names) => {
      const text = helpOf(names)
      expect(text).toContain(`Usage: waggle ${name}`)
      expect(text).toContain('Example')
      expect(text).toContain(`waggle ${names[0]}`)
    },
  )

  it.each([
    [[], 'Exit codes'],
    [['up'], 'waggle up --port'],
    [['api'], 'WAGGLE_DATABASE_URL'],
    [['worker'], 'WAGGLE_WORKER_SECRET'],
    [['build'], 'build create'],
    [['build', 'create'], '--param'],
    [['build', 'ls'], '--limit'],
    [['build', 'info'], 'waggle build info'],
    [['build', 'logs'], '--follow'],
    [['build', 'stop'], 'waggle build stop'],
    [['build', 'restart'], '--failed'],
    [['build', 'promote'], 'waggle build promote'],
    [['build', 'rollback'], 'waggle build rollback'],
    [['build', 'approve'], 'waggle build approve'],
    [['build', 'decline'], 'waggle build decline'],
    [['cron'], 'waggle cron add'],
    [['cron', 'add'], '--timezone'],
    [['cron', 'update'], '--disable'],
    [['cron', 'exec'], 'waggle cron exec'],
    [['delivery'], 'waggle delivery ls'],
    [['delivery', 'ls'], '--outcome'],
    [['delivery', 'info'], 'waggle delivery info'],
    [['delivery', 'redeliver'], 'waggle delivery redeliver'],
    [['build', 'why'], 'waggle build why'],
    [['worker', 'drain'], 'waggle worker drain'],
    [['queue'], 'waggle queue pause'],
    [['webhook'], 'waggle webhook calls'],
    [['webhook', 'ls'], 'waggle webhook ls'],
    [['webhook', 'calls'], '--state'],
    [['webhook', 'retry'], 'waggle webhook retry'],
    [['user'], 'waggle user add'],
    [['user', 'ls'], '--limit'],
    [['user', 'info'], 'waggle user info'],
    [['user', 'add'], '--machine'],
    [['user', 'update'], '--no-active'],
    [['user', 'token'], 'waggle user token'],
    [['user', 'rm'], 'waggle user rm'],
    [['member', 'ls'], 'waggle member ls'],
    [['member', 'set'], 'read'],
    [['member', 'rm'], 'waggle member rm'],
    [['exec'], '--secret-file'],
    [['compile'], 'waggle compile'],
    [['lint'], '--trusted'],
    [['convert'], '--templates'],
    [['sign'], '--save'],
    [['plan'], '--pull-request'],
  ])('of %j tells %s', (names, part) => {
    expect(helpOf(names)).toContain(part)
  })
})
