# The shop's log shipper: rsyslog tails the shared folder; what grew is rotated, packed and kept at the partner's.
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
rsyslogd -n -f /etc/rsyslog-shop.conf -i /tmp/rsyslog.pid &
rotate() { logrotate -s /tmp/rotated /etc/logrotate-shop.conf; ls -l /var/log/shop; }
count() { wc -l /var/log/shop/*.log | sort -n | tail -5; grep -c built /var/log/shop/site-1.log; }
errors() { grep -hE ' 50[0-9] |Exception' /var/log/shop/*.log | awk '{print $1}' | sort | uniq -c | sort -rn | head -3; }
keep() { tar czf /tmp/logs.tgz -C /var/log shop && curl -s -m 5 -o /dev/null -T /tmp/logs.tgz http://backup.partner.example:8080/logs; rm -f /tmp/logs.tgz; }
alive() { pgrep -x rsyslogd || rsyslogd -f /etc/rsyslog-shop.conf -i /tmp/rsyslog.pid; }
tasks=(count errors rotate count alive keep)
while :; do
  sleep $((8 + RANDOM % 18))
  "${tasks[RANDOM % ${#tasks[@]}]}" >/dev/null 2>&1
done
