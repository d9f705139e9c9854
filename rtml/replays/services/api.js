// The shop's API on Node: prices from redis through the application server, files, a child process.
// `page`, `fetch` and `resolve` trust what they are given: what they are made to do happens in this process.
const http = require('http'), fs = require('fs'), net = require('net'), dns = require('dns');
const { execFile } = require('child_process');

function ask(host, port, path, done) {
  const request = http.get({ host, port, path, timeout: 3000 }, (answer) => {
    let text = ''; answer.on('data', (d) => (text += d)); answer.on('end', () => done(text));
  });
  request.on('error', (e) => done(String(e)));
}
function cache(words, done) {
  const line = net.connect(6379, 'cache.shop.internal', () => line.write(words.join(' ') + '\r\n'));
  line.setTimeout(3000, () => line.destroy());
  line.once('data', (d) => { done(String(d)); line.destroy(); });
  line.on('error', (e) => done(String(e)));
}
const routes = {
  '/api/price': (done) => cache(['INCR', 'price'], done),
  '/api/item': (done) => ask('app.shop.internal', 8080, '/shop/item?id=' + Math.ceil(Math.random() * 200), done),
  '/api/stamp': (done) => execFile('date', ['-u'], (e, out) => done(out)),
  '/api/draft': (done) => {
    const path = '/tmp/draft-' + Math.floor(Math.random() * 1e6);
    fs.writeFile(path, 'draft', () => fs.readFile(path, () => fs.unlink(path, () => done('ok'))));
  },
  '/api/page': (done, given) => fs.readFile('/srv/pages/' + given, (e, d) => done(e || d.toString().slice(0, 2000))),
  '/api/fetch': (done, given) => {
    const link = new URL(given);
    ask(link.hostname, link.port || 80, link.pathname, done);
  },
  '/api/resolve': (done, given) => dns.lookup(given, (e, ip) => done(e || ip)),
};
http.createServer((request, response) => {
  const [path, words] = request.url.split('?');
  const route = routes[path] || ((done) => done('ok'));
  try {
    route((text) => response.end(String(text)), new URLSearchParams(words).get('q') || '');
  } catch (error) { response.end(String(error)); }
}).listen(3000, '0.0.0.0');
process.on('SIGTERM', () => process.exit(0));
