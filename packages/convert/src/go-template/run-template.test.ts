import { describe, expect, it } from 'vitest'
import { ConversionError } from '../conversion-error.ts'
import type { Value } from '../yaml-value.ts'
import { runTemplate } from './run-template.ts'

const data = new Map<string, Value>([
  ['name', 'api'],
  ['empty', ''],
  ['zero', 0n],
  ['count', 3n],
  ['ratio', 1.5],
  ['big', 1e21],
  ['small', 0.00001],
  ['yes', true],
  ['no', false],
  ['null', null],
  ['list', ['a', 'b', 'c']],
  ['mixed', [1n, 'two', 3.5, null, true]],
  ['none', []],
  [
    'map',
    new Map<string, Value>([
      ['b', 2n],
      ['a', new Map([['deep', 'x']])],
    ]),
  ],
  ['text', ' two\nlines "quoted" <&> ☃\n'],
])

const nowMs = Date.UTC(2026, 10, 23, 14, 5, 9)
const run = (text: string): string => runTemplate({ path: 't.yml', text }, data, nowMs)
const errorOf = (text: string): string => {
  try {
    return `no error: ${run(text).slice(0, 100)}`
  } catch (error) {
    if (error instanceof ConversionError) return error.message
    throw error
  }
}

describe('what an action prints', () => {
  it.each([
    ['a{{ .name }}b', 'aapib'],
    ['{{.name}}', 'api'],
    ['{{ .missing }}', '<no value>'],
    ['{{ .null }}', '<no value>'],
    ['{{ .count }} {{ .ratio }} {{ .big }} {{ .small }}', '3 1.5 1e+21 1e-05'],
    ['{{ .yes }} {{ .no }}', 'true false'],
    ['{{ .list }} {{ .mixed }} {{ .none }}', '[a b c] [1 two 3.5 <nil> true] []'],
    ['{{ .map }}', 'map[a:map[deep:x] b:2]'],
    ['{{ .map.a.deep }}', 'x'],
    ['{{ (index .map "a").deep }}', 'x'],
    ['{{ "say \\"hi\\"\\t\\u2603" }}', 'say "hi"\t☃'],
    ['{{ `raw \\n` }}', 'raw \\n'],
    ["{{ 'a' }}", '97'],
    ['{{ 0x1F }} {{ -5 }} {{ 1.5e3 }} {{ 1_000 }}', '31 -5 1500 1000'],
    ['{{ 9007199254740993 }}', '9007199254740993'],
    ['{{ true }}', 'true'],
    ['{{ $.name }}', 'api'],
    ['{{ "a" | printf "%s-%s" "b" }}', 'b-a'],
    ['{{ ("x" | upper) }}', 'X'],
    ['{{\n  .name\n}}', 'api'],
    ['no action at all', 'no action at all'],
    ['', ''],
    ['a } b }} c', 'a } b }} c'],
  ])('%j prints %j', (text, printed) => {
    expect(run(text)).toBe(printed)
  })
})

describe('space and comments', () => {
  it.each([
    ['a \n{{- .name }}', 'aapi'],
    ['{{ .name -}}\n b', 'apib'],
    ['a {{- " x " -}} b', 'a x b'],
    ['{{ 3 -}} x', '3x'],
    ['{{-3}}', '-3'],
    ['a{{/* a comment {{ }} */}}b', 'ab'],
    ['a {{- /* a comment */ -}} b', 'ab'],
    ['a\n{{- if .yes }}\nb\n{{- end }}\nc', 'a\nb\nc'],
  ])('%j prints %j', (text, printed) => {
    expect(run(text)).toBe(printed)
  })
})

describe('conditions and loops', () => {
  it.each([
    ['{{ if .name }}a{{ end }}', 'a'],
    ['{{ if .empty }}a{{ else }}b{{ end }}', 'b'],
    ['{{ if .zero }}a{{ else if .no }}b{{ else if .yes }}c{{ else }}d{{ end }}', 'c'],
    ['{{ if .none }}a{{ end }}{{ if .list }}b{{ end }}{{ if .missing }}c{{ end }}', 'b'],
    ['{{ with .map.a }}{{ .deep }}{{ end }}', 'x'],
    ['{{ with .missing }}a{{ else }}{{ .name }}{{ end }}', 'api'],
    ['{{ with $x := .name }}{{ $x }}{{ . }}{{ end }}', 'apiapi'],
    ['{{ range .list }}[{{ . }}{{ $.count }}]{{ end }}', '[a3][b3][c3]'],
    ['{{ range $i, $v := .list }}{{ $i }}{{ $v }} {{ end }}', '0a 1b 2c '],
    ['{{ range $v := .list }}{{ $v }}{{ end }}', 'abc'],
    ['{{ range $k, $v := .map }}{{ $k }}={{ $v }};{{ end }}', 'a=map[deep:x];b=2;'],
    ['{{ range .none }}a{{ else }}empty{{ end }}', 'empty'],
    ['{{ range .missing }}a{{ else }}empty{{ end }}', 'empty'],
    ['{{ range .list }}{{ if eq . "b" }}{{ break }}{{ end }}{{ . }}{{ end }}', 'a'],
    ['{{ range .list }}{{ if eq . "b" }}{{ continue }}{{ end }}{{ . }}{{ end }}', 'ac'],
    ['{{ range .list }}{{ range $.list }}{{ . }}{{ break }}{{ end }}{{ end }}', 'aaa'],
    ['{{ $x := 1 }}{{ range .list }}{{ $x = . }}{{ end }}{{ $x }}', 'c'],
    ['{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}', '21'],
    ['{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" .name }}{{ template "t" 2 }}', '<api><2>'],
    ['{{ block "b" .map.a }}{{ .deep }}{{ end }}', 'x'],
  ])('%j prints %j', (text, printed) => {
    expect(run(text)).toBe(printed)
  })
})

describe('functions', () => {
  it.each([
    ['{{ eq .name "api" }} {{ eq .count 1 2 3 }} {{ ne .name "x" }}', 'true true true'],
    ['{{ lt 1 2 }} {{ le 2 2 }} {{ gt "b" "a" }} {{ ge 1.5 2.5 }}', 'true true true false'],
    ['{{ eq .missing nil }} {{ eq .null nil }}', 'true true'],
    [
      '{{ and .name .empty "x" }}|{{ and 1 2 }}|{{ or .empty .zero "x" }}|{{ not .empty }}',
      '|2|x|true',
    ],
    ['{{ or .name (index .list 99) }}', 'api'],
    ['{{ len .list }} {{ len .map }} {{ len "☃" }}', '3 2 3'],
    ['{{ index .list 1 }} {{ index .map "b" }} {{ index .map "a" "deep" }}', 'b 2 x'],
    ['{{ slice .list 1 }} {{ slice "hello" 1 3 }}', '[b c] el'],
    ['{{ print "a" 1 2 "b" }} {{ println "a" 1 }}', 'a1 2b a 1\n'],
    [
      '{{ printf "%05d|%-4s|%4s|%q|%v|%t|%x|%%" 42 "ab" "cd" "e" .list true 255 }}',
      '00042|ab  |  cd|"e"|[a b c]|true|ff|%',
    ],
    ['{{ printf "%.2f %6.1f %s %d" 1.005 2.25 1 }}', '1.00    2.3 %!s(1) %!d(MISSING)'],
    ['{{ html "<a>" }} {{ urlquery "a b&c" }}', '&lt;a&gt; a+b%26c'],
    ['{{ append "a" "b" }} {{ prepend "a" "b" }} {{ chomp "a\\n\\n" }}', 'ab ba a'],
    ['{{ upper "aé" }} {{ lower "AÉ" }} {{ title "ab" }} {{ trim "  a " }}', 'AÉ aé AB a'],
    [
      '{{ trimLeft "xxay" "x" }} {{ trimRight "yaxx" "x" }} {{ trimPrefix "v1" "v" }} {{ trimSuffix "a.go" ".go" }}',
      'ay ya 1 a',
    ],
    [
      '{{ contains "abc" "b" }} {{ containsAny "abc" "xc" }} {{ hasPrefix "abc" "ab" }} {{ hasSuffix "abc" "x" }}',
      'true true true false',
    ],
    ['{{ replace "a-b-c" "-" "+" }} {{ replace "ab" "" "." }}', 'a+b+c .a.b.'],
    [
      '{{ split "a,b" "," }} {{ splitn "a,b,c" "," 2 }} {{ index (split "x:y" ":") 1 }}',
      '[a b] [a b,c] y',
    ],
    ['{{ padLeft "7" "0" 2 }} {{ padRight "7" "0" 2 }}', '007 700'],
    ['{{ indent "a\\nb" 2 }}|{{ nindent "a" 1 }}|{{ "a" | indent 1 }}', '  a\n  b|\n a| a'],
    [
      '{{ base64Encode "hi ☃" | base64Decode }} {{ md5 "a" }}',
      'hi ☃ 0cc175b9c0f1b6a831c399e269772661',
    ],
    ['{{ sha1 "a" }}', '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'],
    ['{{ sha256 "a" | printf "%.8s" }}', 'ca978112'],
    [
      '{{ htmlEscape "<&>" }} {{ htmlUnescape "&lt;&#39;&#x2603;&bogus;" }}',
      "&lt;&amp;&gt; <'☃&bogus;",
    ],
    ['{{ jsonify .mixed }} {{ jsonify .map }}', '[1,"two",3.5,null,true] {"a":{"deep":"x"},"b":2}'],
    ['{{ toYaml .map }}', 'a:\n  deep: x\nb: 2'],
    ['{{ (fromYaml "a: [1, x]").a }}', '[1 x]'],
    ['{{ urlize " a b/c " }}', 'a-b%2Fc'],
    ['{{ now }}', '2026-11-23T14:05:09.000Z'],
    ['{{ now | dateFormat "Mon 2 Jan 2006 15:04:05 MST" }}', 'Mon 23 Nov 2026 14:05:09 UTC'],
    ['{{ dateFormat "02/01/06 03:04pm" "2026-11-23T14:05:09Z" }}', '23/11/26 02:05pm'],
    ['{{ time 0 }} {{ time "2026-11-23" }}', '1970-01-01T00:00:00Z 2026-11-23T00:00:00Z'],
  ])('%j prints %j', (text, printed) => {
    expect(run(text)).toBe(printed)
  })
})

describe('mistakes', () => {
  it.each([
    ['a\n b {{ .name', 't.yml:2:12: an action does not end'],
    ['{{ }}', '1:4: a value is missing'],
    ['{{ .name | }}', 'a value is missing'],
    ['{{ shout .name }}', '1:4: function "shout" is not defined'],
    ['{{ $x }}', 'undefined variable "$x"'],
    ['{{ $x = 1 }}', 'undefined variable "$x"'],
    ['{{ if .name }}', '{{if}} has no {{end}}'],
    ['{{ end }}', 'unexpected {{end}}'],
    ['{{ else }}', 'unexpected {{else}}'],
    ['{{ break }}', '{{break}} outside of {{range}}'],
    ['{{ range .name }}{{ end }}', 'range cannot go over a text'],
    ['{{ .name.first }}', 'a text has no field .first'],
    ['{{ .missing.first }}', 'nil has no field .first'],
    ['{{ .name 1 }}', 'only a function takes arguments'],
    ['{{ 1 | .name }}', 'only a function takes arguments'],
    ['{{ eq 1 "1" }}', 'eq: a whole number cannot be compared with a text'],
    ['{{ eq 1 1.0 }}', 'cannot be compared with a number with a fraction'],
    ['{{ lt .list 1 }}', 'lt: a list cannot be compared'],
    ['{{ index .list 9 }}', 'index: 9 is out of range'],
    ['{{ index .list "a" }}', 'index: a text is no position'],
    ['{{ slice "abc" 2 1 }}', 'slice: 2 to 1 is out of range'],
    ['{{ len 1 }}', 'len: a whole number has no length'],
    ['{{ upper }}', 'upper takes 1 argument, not 0'],
    ['{{ upper .list }}', 'upper: a list cannot be used as text'],
    ['{{ template "nope" }}', 'template "nope" is not defined'],
    ['{{ "a }}', 'a string does not end'],
    ['{{ "\\q" }}', 'unknown escape \\q'],
    ['{{/* x }}', 'a comment does not end'],
    ['{{ # }}', 'unexpected "#"'],
    ['{{ (1 }}', 'unexpected "}}"'],
    ['{{ .a.b(1) }}', 'unexpected "("'],
    ['{{ if 1 }}{{ define "x" }}{{ end }}{{ end }}', '{{define}} inside of another block'],
    ['{{ time "soon" }}', 'time: "soon" is no time'],
    ['{{ fromYaml "a: [" }}', 'fromYaml: line 1'],
    ['{{ env "HOME" }}', 'function "env" is not defined'],
    ['{{ readFile "/etc/passwd" }}', 'function "readFile" is not defined'],
    ['{{ .constructor }}{{ .__proto__.x }}', 'nil has no field .x'],
  ])('%j is %j', (text, message) => {
    const error = errorOf(text)
    expect(error).toContain('template converter: t.yml:')
    expect(error).toContain(message)
  })
})

describe('work is bounded', () => {
  const x = '{{ $x := "0123456789abcdef" }}'
  it.each([
    ['a text that doubles', `${x}${'{{ $x = print $x $x }}'.repeat(40)}`, 'does too much'],
    ['padding', '{{ padLeft "" "0123456789" 1000000 }}', 'does too much'],
    ['padding beyond numbers', '{{ padLeft "" "x" 99999999999 }}', 'out of range'],
    [
      'a replacement that multiplies',
      `{{ $x := padLeft "" "a" 100000 }}{{ replace $x "a" $x }}`,
      'too much',
    ],
    ['indentation', `{{ $x := padLeft "" "\\n" 100000 }}{{ indent $x 1000000 }}`, 'too much'],
    ['a wide column', `${'{{ printf "%9999d" 1 }}'.repeat(2_000)}`, /too much|limit of 1048576/],
    [
      'output',
      `{{ $x := padLeft "" "a" 500000 }}{{ $x }}{{ $x }}{{ $x }}`,
      'limit of 1048576 bytes',
    ],
    ['loops in loops', nestedLoops(12), 'does too much'],
    [
      'a template that calls itself',
      '{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}',
      'deeper than 50',
    ],
    [
      'a template that calls itself twice',
      '{{ define "t" }}{{ template "t" }}{{ template "t" }}{{ end }}{{ template "t" }}',
      'deeper than 50',
    ],
    ['blocks in blocks', `${'{{ if 1 }}'.repeat(10_000)}`, 'deeper than 100'],
    ['chains of else', `{{ if 0 }}${'{{ else if 0 }}'.repeat(10_000)}{{ end }}`, 'deeper than 100'],
    ['parentheses', `{{ ${'('.repeat(10_000)}1${')'.repeat(10_000)} }}`, 'deeper than 100'],
    ['a huge number', `{{ ${'9'.repeat(10_000)} }}`, 'a number is too long'],
    ['a huge template', 'x'.repeat(1_048_577), 'too large'],
  ])('%s', (_name, text, message) => {
    expect(errorOf(text)).toMatch(message)
  })

  it('lets a large template through', () => {
    expect(run('{{ .name }}\n'.repeat(50_000))).toHaveLength(200_000)
  })
})

function nestedLoops(depth: number): string {
  const list = '{{ $l := split "aaaaaaaaaa" "" }}'
  return `${list}${'{{ range $l }}'.repeat(depth)}${'{{ end }}'.repeat(depth)}`
}
