CREATE TABLE IF NOT EXISTS orders (id serial PRIMARY KEY, item int, customer text, price numeric, at timestamptz DEFAULT now());
CREATE TABLE IF NOT EXISTS items (id int PRIMARY KEY, name text, stock int);
INSERT INTO items SELECT n, 'item ' || n, 100 FROM generate_series(1, 200) n ON CONFLICT DO NOTHING;
