local step(name, image) = { name: name, image: image, commands: ['make ' + name] };
local pipeline(arch) = {
  kind: 'pipeline',
  type: 'docker',
  name: arch,
  platform: { os: 'linux', arch: arch },
  steps: [step('build', 'golang:1.22'), step('test', 'golang:1.22')],
  trigger: { branch: [std.extVar('repo.branch')] },
};
[pipeline('amd64'), pipeline('arm64')]
