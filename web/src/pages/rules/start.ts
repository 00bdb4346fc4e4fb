/** What the test bench begins with: a whole rule, so that there is something to change. */
export const START = `title: Sign-in failed
id: 7d1f6a52-3c3e-4c0a-9c8c-6b1f0a6f2d10
status: experimental
description: Somebody could not sign in.
logsource:
  product: okta
  service: okta
detection:
  selection:
    eventType: user.session.start
    outcome.result: FAILURE
  condition: selection
level: low
tags:
  - attack.credential-access
  - attack.t1110
`;
