// A certified OpenID provider with its own pages, in a process of its own: node provider.js <port> <redirect address>
import Provider from 'oidc-provider';

const [port, redirect] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  // Of two methods that a client could use it takes the one that is written down, to the letter.
  clients: [{ client_id: 'lockstep', client_secret: 'a secret: with %', redirect_uris: [redirect] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, name: 'Newcomer', email: `${sub}@lockstep.example`, email_verified: true }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
