// The shop's ledger on Java: entries in a file, rates of a partner, a report, and a log that honours look-ups.
// `note` expands ${file:…}, ${name:…} and ${link:…} in what it logs, as a careless logger did: what it is made
// to do happens in this process. Orders come from the broker too.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.*;
import java.net.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.concurrent.Executors;
import java.util.regex.*;
import java.util.zip.GZIPOutputStream;

public class Ledger {
    static final Path BOOK = Path.of("/tmp/ledger.csv"), LOGS = Path.of("/var/log/shop");
    static final Pattern LOOKUP = Pattern.compile("\\$\\{(file|name|link):([^}]*)\\}");
    static String partner = "rates.partner.example";

    static void log(String text) throws IOException {
        Path place = Files.isDirectory(LOGS) ? LOGS : Path.of("/tmp");
        String host = Files.readString(Path.of("/etc/hostname")).strip();
        Files.writeString(place.resolve(host + ".log"), text + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    static String fetched(String link) throws IOException {
        URLConnection line = new URL(link).openConnection();
        line.setConnectTimeout(3000);
        line.setReadTimeout(3000);
        try (InputStream answer = line.getInputStream()) {
            return new String(answer.readNBytes(200), StandardCharsets.UTF_8);
        }
    }

    static String expanded(MatchResult found) {
        try {
            return switch (found.group(1)) {
                case "file" -> Files.readString(Path.of(found.group(2))).lines().findFirst().orElse("");
                case "name" -> InetAddress.getByName(found.group(2)).getHostAddress();
                default -> fetched(found.group(2));
            };
        } catch (Exception error) { return error.toString(); }
    }

    static synchronized String entry(String what) throws IOException {
        Files.writeString(BOOK, System.currentTimeMillis() + "," + what + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        if (Files.size(BOOK) > 200_000) Files.move(BOOK, Path.of("/tmp/ledger.old"), StandardCopyOption.REPLACE_EXISTING);
        return "entered";
    }

    static String report() throws IOException {
        Path file = Files.createTempFile("report", ".gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            if (Files.exists(BOOK)) Files.copy(BOOK, out);
        }
        long size = Files.size(file);
        Files.delete(file);
        return Long.toString(size);
    }

    static String answer(String path, String given) throws IOException {
        switch (path) {
            case "/ledger/entry": return entry(given);
            case "/ledger/rates": return fetched("http://" + partner + ":8080/today");
            case "/ledger/report": return report();
            case "/ledger/note":
                String text = LOOKUP.matcher(given).replaceAll(found -> Matcher.quoteReplacement(expanded(found)));
                log("note " + text);
                return text;
            default: return "ok";
        }
    }

    static void serve(HttpExchange visit) throws IOException {
        String query = visit.getRequestURI().getQuery(), text;
        try {
            text = answer(visit.getRequestURI().getPath(), query == null ? "" : query.replaceFirst("^\\w+=", ""));
        } catch (Exception error) { text = error.toString(); }
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        visit.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
        try (OutputStream out = visit.getResponseBody()) { out.write(body); }
    }

    static void hear() {  // subscribe to the orders: MQTT 3.1.1, quality of service 0
        while (true) {
            try (Socket line = new Socket("broker.shop.internal", 1883)) {
                String name = "ledger-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
                DataOutputStream out = new DataOutputStream(line.getOutputStream());
                out.write(new byte[] {0x10, (byte) (12 + name.length()), 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0});
                out.writeUTF(name);
                out.write(new byte[] {(byte) 0x82, (byte) 13, 0, 1});
                out.writeUTF("orders/#");
                out.write(0);
                DataInputStream in = new DataInputStream(line.getInputStream());
                while (true) {
                    int kind = in.readUnsignedByte(), length = in.readUnsignedByte();
                    byte[] said = in.readNBytes(length);
                    if (said.length < length) break;
                    if ((kind & 0xf0) == 0x30) entry(new String(said, StandardCharsets.UTF_8).replaceAll("\\W+", " "));
                }
            } catch (Exception error) { /* the broker is away: again in a moment */ }
            try { Thread.sleep(3000); } catch (InterruptedException end) { return; }
        }
    }

    public static void main(String[] words) throws IOException {
        Path settings = Path.of("/srv/ledger.properties");
        if (Files.exists(settings)) partner = Files.readString(settings).replaceFirst("(?s).*partner=(\\S+).*", "$1");
        Thread ear = new Thread(Ledger::hear);
        ear.setDaemon(true);
        ear.start();
        HttpServer server = HttpServer.create(new InetSocketAddress(8090), 0);
        server.createContext("/", Ledger::serve);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
    }
}
