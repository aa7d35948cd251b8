#!/bin/sh
# The implicit clone step (pipeline.md §12.14): fetches the commit of the build into the workspace.
# Reads DRONE_*, PLUGIN_DEPTH, PLUGIN_RETRIES, PLUGIN_SKIP_VERIFY. Everything in them is untrusted text.
set -eu

say() { printf '%s\n' "$*"; }
fail() { say "clone: $*" >&2; exit 1; }

branch=${DRONE_COMMIT_BRANCH:-}
sha=${DRONE_COMMIT_SHA:-}
ref=${DRONE_COMMIT_REF:-}
tag=${DRONE_TAG:-}
[ -n "$tag" ] || tag=${ref#refs/tags/}

case $sha in *[!0-9a-fA-F]*) fail "DRONE_COMMIT_SHA is not a commit id" ;; esac
case $branch in -*) fail "DRONE_COMMIT_BRANCH begins with a dash" ;; esac
case ${DRONE_REMOTE_URL:-} in '') fail "DRONE_REMOTE_URL is empty" ;; -*) fail "DRONE_REMOTE_URL begins with a dash" ;; esac

depth=${PLUGIN_DEPTH:-}
case $depth in *[!0-9]*) fail "PLUGIN_DEPTH is not a number" ;; 0) depth= ;; esac
retries=${PLUGIN_RETRIES:-0}
case $retries in '' | *[!0-9]*) retries=0 ;; esac
[ "$retries" -le 20 ] || retries=20

HOME=${HOME:-/root}
export HOME
mkdir -p "$HOME"
if [ -n "${DRONE_NETRC_MACHINE:-}" ]; then
  (
    umask 077
    printf 'machine %s\nlogin %s\npassword %s\n' \
      "$DRONE_NETRC_MACHINE" "${DRONE_NETRC_USERNAME:-}" "${DRONE_NETRC_PASSWORD:-}" >"$HOME/.netrc"
  )
fi
case ${PLUGIN_SKIP_VERIFY:-} in true | 1 | t | T | TRUE | True) export GIT_SSL_NO_VERIFY=true ;; esac

export GIT_AUTHOR_NAME="${DRONE_COMMIT_AUTHOR_NAME:-drone}"
export GIT_AUTHOR_EMAIL="${DRONE_COMMIT_AUTHOR_EMAIL:-drone@localhost}"
export GIT_COMMITTER_NAME="$GIT_AUTHOR_NAME"
export GIT_COMMITTER_EMAIL="$GIT_AUTHOR_EMAIL"
export GIT_TERMINAL_PROMPT=0

# The repository is hostile: none of its hooks, no transport that runs a command (threats.md T-56).
# Settings given this way stand above those of the repository.
export GIT_ALLOW_PROTOCOL=file:git:http:https:ssh
export GIT_CONFIG_COUNT=3
export GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=/dev/null
export GIT_CONFIG_KEY_1=init.defaultBranch GIT_CONFIG_VALUE_1=main
export GIT_CONFIG_KEY_2=advice.detachedHead GIT_CONFIG_VALUE_2=false
# This one in a file: git passes the others on to no other side, and that of a file:// remote checks the owner too.
git config --global safe.directory '*'

workspace=${DRONE_WORKSPACE:-$PWD}
mkdir -p "$workspace"
cd "$workspace"

show() { say "+ $*"; "$@"; }

fetch() { # fetch REF…, as deep as was asked for
  if [ -n "$depth" ]; then show git fetch "--depth=$depth" -- origin "$@"; else show git fetch -- origin "$@"; fi
}

# The branch may have moved on, or been forced: then its tip does not bring the commit.
bring_commit() {
  git cat-file -e "$sha^{commit}" 2>/dev/null && return 0
  fetch "$sha" && return 0
  if [ -f .git/shallow ]; then show git fetch --unshallow -- origin; fi
}

open_repository() {
  [ -d .git ] || show git init
  git remote get-url origin >/dev/null 2>&1 || git remote add -- origin "$DRONE_REMOTE_URL"
}

clone_commit() {
  if [ -z "$branch" ]; then
    [ -n "$sha" ] || fail "neither a branch nor a commit is named"
    show git fetch -- origin
    bring_commit
    show git checkout -qf "$sha" --
  elif [ -z "$sha" ]; then
    fetch "+refs/heads/$branch:refs/remotes/origin/$branch"
    show git checkout -B "$branch" "refs/remotes/origin/$branch" --
  else
    fetch "+refs/heads/$branch:"
    bring_commit
    show git checkout -B "$branch" "$sha" --
  fi
}

clone_tag() {
  [ -n "$tag" ] || fail "no tag is named"
  fetch "+refs/tags/$tag:"
  show git checkout -qf FETCH_HEAD --
}

clone_pull_request() {
  [ -n "$branch" ] || fail "the pull request names no target branch"
  case $ref in refs/*) ;; *) fail "DRONE_COMMIT_REF is not a ref" ;; esac
  fetch "+refs/heads/$branch:"
  show git checkout -B "$branch" FETCH_HEAD --
  # Without a depth: the merge needs the common ancestor.
  if [ -f .git/shallow ]; then show git fetch --unshallow -- origin "+refs/heads/$branch:"; fi
  show git fetch -- origin "$ref:"
  if [ -n "$sha" ]; then show git merge --no-edit "$sha"; else show git merge --no-edit FETCH_HEAD; fi
}

case $ref in
  refs/tags/*) mode=tag ;;
  refs/pull/* | refs/pull-request/* | refs/pull-requests/* | refs/merge-requests/*) mode=pull_request ;;
  *)
    case ${DRONE_BUILD_EVENT:-} in
      tag) mode=tag ;;
      pull_request) mode=pull_request ;;
      *) mode=commit ;;
    esac
    ;;
esac

# `set -e` does not hold inside a condition: each try is a shell of its own.
try=0
while :; do
  set +e
  (
    set -e
    open_repository
    "clone_$mode"
  )
  code=$?
  set -e
  [ "$code" -ne 0 ] || exit 0
  try=$((try + 1))
  [ "$try" -le "$retries" ] || exit "$code"
  say "clone: failed with code $code; try $((try + 1)) of $((retries + 1)) in $((try * 2)) s"
  sleep $((try * 2))
done
