/** Variables of this process that are not settings of ours, such as `HOME` or `JAVA_HOME`: what of the machine a step
 *  may be told of where it asks by name. */
export const hostVariables = (
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || /^(WAGGLE|DRONE)_/i.test(name) ? [] : [[name, value]],
    ),
  )
