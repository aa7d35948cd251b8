// One document. import "../../../etc/passwd" in a comment is no import.
{
  kind: 'pipeline',
  name: 'of ' + std.thisFile,
  steps: [{
    name: 'a',
    image: @'busybox:"1"',
    environment: {
      EVENT: std.extVar('build.event'),
      BRANCH: std.extVar('build.branch') + '=' + std.extVar('build.target'),
      COMMIT: if std.extVar('build.commit') == std.extVar('build.after') then 'same' else 'other',
      WHO: std.extVar('build.author_login'),
      DEPLOY: std.extVar('build.environment'),
      TITLE: std.extVar('build.title'),
      PARAM: std.extVar('build.param.colour'),
      SLUG: std.extVar('repo.slug'),
      PRIVATE: std.extVar('repo.private'),
      IGNORES: std.extVar('repo.ignore_forks') + std.extVar('repo.ignore_pull_requests'),
      CONFIG: std.extVar('repo.config'),
      TEXT: |||
        import "not this"
          indented
      |||,
    },
  }],
}
