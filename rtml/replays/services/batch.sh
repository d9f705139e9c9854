# The shop's batch machine: what cron jobs do, at uneven intervals.
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
mkdir -p /var/backups /tmp/batch
fetch() { curl -s -m 3 -o /tmp/batch/page http://web.shop.internal/index.html; grep -c h1 /tmp/batch/page; }
health() { for u in web.shop.internal/health app.shop.internal:8080/health api.shop.internal:3000/health; do curl -fsS -m 3 -o /dev/null "http://$u" || echo "down $u"; done; }
backup() { tar czf "/var/backups/etc-$(date +%s).tar.gz" -C / etc 2>/dev/null; find /var/backups -name 'etc-*' -mmin +3 -delete; }
upload() { tar czf /tmp/batch/data.tgz -C /srv . && curl -s -m 5 -o /dev/null -T /tmp/batch/data.tgz http://backup.partner.example:8080/upload; rm -f /tmp/batch/data.tgz; }
sums() { find /usr/bin -name 'x*' -type f -exec sha256sum {} + > /tmp/batch/sums; sort /tmp/batch/sums | head -3; }
script() { printf '#!/bin/sh\ndate; id -u; hostname\n' > /tmp/batch/task.sh; chmod +x /tmp/batch/task.sh; /tmp/batch/task.sh; rm -f /tmp/batch/task.sh; }
state() { df -h / >/tmp/batch/df; ps -e >/tmp/batch/ps; free >/tmp/batch/mem; uptime; }
dump() { psql -h db.shop.internal -U postgres -Atc 'select count(*) from orders' ; pg_dump -h db.shop.internal -U postgres -t items postgres 2>/dev/null | gzip > /tmp/batch/items.sql.gz; }
rotate() { head -c 4000 /dev/zero | tr '\0' x > /tmp/batch/app.log; mv /tmp/batch/app.log /tmp/batch/app.log.1; gzip -f /tmp/batch/app.log.1; }
queue() { python3 -c "import socket; s=socket.create_connection(('cache.shop.internal',6379),3); s.sendall(b'LLEN jobs\r\n'); print(s.recv(99))"; }
cron  # besides, what stands in the crontab is done by the clock
jobs=(fetch health fetch health backup upload sums script state dump rotate queue health)
while :; do
  "${jobs[RANDOM % ${#jobs[@]}]}" >/dev/null 2>&1
  sleep $((2 + RANDOM % 9))
done
