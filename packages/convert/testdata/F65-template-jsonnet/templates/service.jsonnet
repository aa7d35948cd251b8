{
  kind: 'pipeline',
  name: std.extVar('input.name') + std.extVar('input.replicas') + std.extVar('input.on'),
  steps: [{ name: 'a', image: 'b', commands: [std.extVar('input.deep'), std.extVar('build.event')] }],
}
