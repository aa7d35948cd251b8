local check(x) = if x then 'yes' else error 'wrong kind of build';
{ kind: 'pipeline', name: check(false) }
