// A real OpenID Connect provider for the tests of sign-in. Arguments: the redirect URI of the
// client. Prints its issuer when it listens, and ends with its standard input.
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'

const groups = { anna: ['soc', 'everyone'], ben: ['everyone'] }
const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'wardgate',
        client_secret: 'a secret: with & odd + characters%',
        redirect_uris: [process.argv[2]],
      },
    ],
    scopes: ['openid', 'profile', 'groups'],
    claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: `sub-${id}`, preferred_username: id, groups: groups[id] ?? [] }),
    }),
  })
  server.on('request', provider.callback())
  console.log(issuer)
})
process.stdin.on('end', () => process.exit()).resume()
