# The shop's build machine: check out, compile, test, package, install; again and again.
export HOME=/root GIT_AUTHOR_NAME=ci GIT_AUTHOR_EMAIL=ci@shop GIT_COMMITTER_NAME=ci GIT_COMMITTER_EMAIL=ci@shop
git init -q /srv/repo && cp /srv/src/* /srv/repo/ && cd /srv/repo && git add . && git commit -qm first
round=0
compile() { rm -rf /tmp/build; git clone -q /srv/repo /tmp/build && make -s -C /tmp/build all test; }
package() {
  local root=/tmp/pkg; rm -rf $root; mkdir -p $root/DEBIAN $root/usr/local/bin
  cp /tmp/build/parser $root/usr/local/bin/
  printf 'Package: shop-parser\nVersion: 1.%s\nArchitecture: amd64\nMaintainer: ci <ci@shop>\nDescription: parser\n' "$round" > $root/DEBIAN/control
  dpkg-deb -b $root /tmp/shop-parser.deb >/dev/null
}
install() { dpkg -i /tmp/shop-parser.deb >/dev/null 2>&1; /usr/local/bin/parser 'one two three' >/dev/null; }
publish() { tar czf /tmp/dist.tgz -C /tmp pkg; curl -s -m 5 -o /dev/null -T /tmp/dist.tgz http://mirror.partner.example:8080/dist; }
change() { echo "/* round $round */" >> parser.c; git commit -qam "round $round"; tail -n 200 parser.c > p && mv p parser.c; git checkout -q -- parser.c 2>/dev/null; }
while :; do
  round=$((round + 1))
  compile
  [ $((RANDOM % 2)) = 0 ] && package && install
  [ $((RANDOM % 3)) = 0 ] && publish
  [ $((RANDOM % 2)) = 0 ] && change
  sleep $((8 + RANDOM % 25))
done
