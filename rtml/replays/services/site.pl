# The shop's static site: sources change, pages are built of them, checked, packed and published; in Perl.
# `preview` and `import` trust what they are given: what they are made to do happens in this process.
use strict; use warnings;
use IO::Socket::INET; use IO::Select; use File::Path 'make_path'; use File::Basename 'basename';
my ($sources, $parts, $pages) = ('/srv/site/posts', '/srv/site/parts', '/var/www/site');
make_path($sources, $parts, $pages);
my $log = -d '/var/log/shop' ? '/var/log/shop' : '/tmp';
chomp(my $host = slurp('/etc/hostname') || 'site');
sub slurp { my ($path) = @_; open(my $in, '<', $path) or return ''; local $/; my $text = <$in>; close $in; return $text // '' }
sub spit { my ($path, $text, $how) = @_; open(my $out, $how || '>', $path) or return; print $out $text; close $out }
sub note { spit("$log/$host.log", time . " @_\n", '>>') }
my @words = qw(bread apples tea lamp chair paper rope bucket soap candle winter spring cheap new);
sub some { join ' ', map { $words[rand @words] } 1 .. shift }
sub change {
    my @known = glob "$sources/*.md";
    unlink $known[rand @known] if @known > 12;
    my $path = (@known && rand() < 0.5) ? $known[rand @known] : "$sources/" . join('-', split ' ', some(2)) . '.md';
    spit($path, '# ' . some(3) . "\n\n" . join("\n", map { "- " . some(6) } 1 .. 3 + rand 8) . "\n", rand() < 0.3 ? '>>' : '>');
}
sub build {
    my $head = slurp("$parts/head.html") || '<title>shop</title>';
    for my $path (glob "$sources/*.md") {
        my $page = "$pages/" . basename($path, '.md') . '.html';
        next if -e $page && (stat $page)[9] > (stat $path)[9];
        my $body = qx(cmark --unsafe \Q$path\E);
        spit("$page.new", "$head\n$body");
        rename "$page.new", $page;
    }
    for my $page (glob "$pages/*.html") { unlink $page unless -e "$sources/" . basename($page, '.html') . '.md' }
    spit("$pages/sitemap.xml", join('', map { '<url>' . basename($_) . "</url>\n" } glob "$pages/*.html"));
    note('built ' . scalar(my @all = glob "$pages/*.html"));
}
sub publish {
    system("cd $pages && tar cf /tmp/site.tar . && gzip -9 -f /tmp/site.tar && rsync -a --delete $pages/ /srv/site/out/");
    system('curl -s -m 5 -o /dev/null -T /tmp/site.tar.gz http://mirror.partner.example:8080/site') if rand() < 0.4;
}
sub check { system("curl -s -m 3 -o /dev/null http://web.shop.internal/$_") for 'index', 'about' }
sub import {
    my ($from) = @_;
    my ($name, $port, $path) = $from =~ m{^http://([^:/]+):?(\d*)(/.*)?$} or return 'no link';
    my $line = IO::Socket::INET->new(PeerHost => $name, PeerPort => $port || 80, Timeout => 3) or return "away: $!";
    print $line 'GET ' . ($path || '/') . " HTTP/1.0\r\nHost: $name\r\n\r\n";
    my $text = ''; $line->read($text, 500); close $line;
    spit("$sources/imported.md", "# imported\n\n" . length($text) . "\n");
    return length $text;
}
sub answer {
    my ($line) = @_;
    my $asked = <$line> // '';
    while (my $head = <$line>) { last if $head =~ /^\r?\n$/ }
    my ($path, $given) = $asked =~ m{^GET (/[^ ?]*)\??(?:\w+=)?([^ ]*)};
    my $text = 'ok';
    $text = slurp("$parts/$given") if ($path // '') eq '/preview';
    $text = import($given) if ($path // '') eq '/import';
    $text = slurp("$pages/" . basename($given)) if ($path // '') eq '/page';
    print $line "HTTP/1.0 200 OK\r\nContent-Length: " . length($text) . "\r\n\r\n$text";
    close $line;
}
spit("$parts/head.html", '<title>shop</title>'); spit("$parts/foot.html", '<hr>');
change() for 1 .. 5;
make_path('/srv/site/out');
my $door = IO::Socket::INET->new(LocalPort => 8070, Listen => 20, ReuseAddr => 1) or die "no door: $!";
$SIG{PIPE} = 'IGNORE'; $SIG{TERM} = sub { exit 0 };
my ($ears, $next) = (IO::Select->new($door), 0);
while (1) {
    if ($ears->can_read(1)) { my $line = $door->accept; if ($line) { $line->timeout(3); answer($line) } }
    next if time < $next;
    change(); build(); publish() if rand() < 0.5; check() if rand() < 0.3;
    $next = time + 6 + int rand 15;
}
