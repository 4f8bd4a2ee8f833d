import type { CorpusCase } from "./corpus.js";

const S = "hunter2S";
const card = ["4242", "4242", "4242", "4242"];

/** Texts: connection strings, URLs, headers, fragments, statements, commands, sentences of libraries. */
const TEXTS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  // Connection strings
  [
    "connect postgres://shop:hunter2S@db.internal:5432/orders failed",
    [S],
    ["db.internal:5432/orders", "failed"],
  ],
  ["postgresql://shop:hunter2S@db/orders?sslmode=require", [S], ["db/orders", "sslmode=require"]],
  ["mysql://root:hunter2S@127.0.0.1:3306/shop", [S], ["127.0.0.1:3306/shop"]],
  ["mariadb://root:hunter2S@db:3306/shop", [S], ["db:3306/shop"]],
  [
    "mongodb://shop:hunter2S@a:27017,b:27017/shop?replicaSet=rs0",
    [S],
    ["a:27017,b:27017/shop", "replicaSet=rs0"],
  ],
  ["mongodb+srv://shop:hunter2S@cluster0.abcde.mongodb.net/shop", [S], ["cluster0.abcde.mongodb.net/shop"]],
  ["redis://:hunter2S@cache:6379/0", [S], ["cache:6379/0"]],
  ["rediss://default:hunter2S@cache:6380", [S], ["cache:6380"]],
  ["amqp://guest:hunter2S@rabbit:5672/%2f", [S], ["rabbit:5672"]],
  ["amqps://guest:hunter2S@rabbit/vhost", [S], ["rabbit/vhost"]],
  ["nats://app:hunter2S@nats:4222", [S], ["nats:4222"]],
  ["kafka+ssl://app:hunter2S@kafka:9093", [S], ["kafka:9093"]],
  ["smtp://mailer:hunter2S@smtp.example.com:587", [S], ["smtp.example.com:587"]],
  ["smtps://mailer%40example.com:hunter2S@smtp.example.com:465", [S], ["smtp.example.com:465"]],
  ["ldap://cn=admin,dc=x:hunter2S@ldap:389", [S], ["ldap:389"]],
  ["ftp://ann:hunter2S@files.example.com/a.txt", [S], ["files.example.com/a.txt"]],
  ["sftp://ann:hunter2S@files.example.com:22/a", [S], ["files.example.com:22/a"]],
  ["clickhouse://default:hunter2S@ch:9000/default", [S], ["ch:9000/default"]],
  ["cassandra://app:hunter2S@c1:9042/ks", [S], ["c1:9042/ks"]],
  ["neo4j+s://neo4j:hunter2S@graph:7687", [S], ["graph:7687"]],
  ["couchdb://admin:hunter2S@couch:5984", [S], ["couch:5984"]],
  ["mssql://sa:hunter2S@sql:1433/shop", [S], ["sql:1433/shop"]],
  [
    "sqlserver://sql:1433;database=shop;user=sa;password=hunter2S;encrypt=true",
    [S],
    ["sql:1433", "database=shop", "encrypt=true"],
  ],
  ["jdbc:postgresql://db:5432/shop?user=shop&password=hunter2S&ssl=true", [S], ["db:5432/shop", "ssl=true"]],
  ["jdbc:oracle:thin:scott/hunter2S@//ora:1521/ORCL", [S], ["ora:1521/ORCL"]],
  ["oracle: scott/hunter2S@ora:1521/ORCL refused", [S], ["ora:1521/ORCL", "refused"]],
  ["snowflake://app:hunter2S@acct/db/schema?warehouse=wh", [S], ["warehouse=wh"]],
  [
    "root:hunter2S@tcp(127.0.0.1:3306)/shop?parseTime=true",
    [S],
    ["tcp(127.0.0.1:3306)/shop", "parseTime=true"],
  ],
  ["ann:hunter2S@proxy.internal:3128 unreachable", [S], ["proxy.internal:3128 unreachable"]],
  [
    "Server=db;Database=shop;User Id=sa;Password=hunter2S;Encrypt=true",
    [S],
    ["Server=db", "Database=shop", "Encrypt=true"],
  ],
  [
    "Data Source=db;Initial Catalog=shop;UID=sa;PWD=hunter2S;",
    [S],
    ["Data Source=db", "Initial Catalog=shop"],
  ],
  ["Driver={ODBC Driver 18};Server=db,1433;Uid=sa;Pwd={hunter2S};", [S], ["Server=db,1433"]],
  [
    "host=db port=5432 user=shop password=hunter2S dbname=shop sslmode=disable",
    [S],
    ["host=db", "port=5432", "dbname=shop", "sslmode=disable"],
  ],
  ["host='db' password='hun ter2S' dbname='shop'", ["ter2S"], ["host='db'", "dbname='shop'"]],
  [
    "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=aHVudGVyMlNodW50ZXIyUw==;EndpointSuffix=core.windows.net",
    ["aHVudGVyMlNodW50ZXIyUw"],
    ["AccountName=shop", "EndpointSuffix=core.windows.net"],
  ],
  [
    "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=aHVudGVyMlNodW50ZXIyUw=",
    ["aHVudGVyMlNodW50ZXIyUw"],
    ["shop.servicebus.windows.net", "SharedAccessKeyName=Root"],
  ],
  [
    "AccountEndpoint=https://shop.documents.azure.com:443/;AccountKey=aHVudGVyMlNodW50ZXIyUw==;",
    ["aHVudGVyMlNodW50ZXIyUw"],
    ["shop.documents.azure.com:443"],
  ],
  [
    "InstrumentationKey=11111111-2222-4333-8444-555555555555;IngestionEndpoint=https://westeurope.in.example.com/",
    ["11111111-2222"],
    ["westeurope.in.example.com"],
  ],
  [
    "redis-1.example.com:6380,password=hunter2S,ssl=True,abortConnect=False",
    [S],
    ["redis-1.example.com:6380", "ssl=True", "abortConnect=False"],
  ],
  [
    'bootstrap.servers=k:9092 sasl.jaas.config=org.apache.kafka.PlainLoginModule required username="app" password="hunter2S";',
    [S],
    ["bootstrap.servers=k:9092"],
  ],
  // URLs
  [
    "https://shop.test/reset/9f8e7d6c5b4a3f2e?from=mail",
    ["9f8e7d6c5b4a3f2e"],
    ["https://shop.test/reset/", "from=mail"],
  ],
  ["GET /reset-password/k3jX9sQ2LmPz7w 410", ["k3jX9sQ2LmPz7w"], ["GET /reset-password/", "410"]],
  ["GET /invite/Zx81kQpW55aa 404", ["Zx81kQpW55aa"], ["/invite/", "404"]],
  ["GET /api/v1/verify-email/8d7f6a5s4d3f2g1h", ["8d7f6a5s4d3f2g1h"], ["/api/v1/verify-email/"]],
  [
    "https://shop.test/magic-link/5f4dcc3b5aa765d61d83",
    ["5f4dcc3b5aa765d61d83"],
    ["https://shop.test/magic-link/"],
  ],
  [
    "https://shop.test/cb?code=4/0AX4XfWh9k2&state=af0ifjsldkj&scope=email",
    ["0AX4XfWh9k2", "af0ifjsldkj"],
    ["shop.test/cb", "scope=email"],
  ],
  ["https://shop.test/cb?code=SplxlOBeZQQYbYS6WxSbIA", ["SplxlOBeZQQYbYS6WxSbIA"], ["shop.test/cb"]],
  [
    "https://cas.test/login?ticket=ST-1856339-aA5Yuvrxzpv8Tau1cYQ7",
    ["aA5Yuvrxzpv8Tau1cYQ7"],
    ["cas.test/login"],
  ],
  ["POST /token grant_type=assertion&assertion=PHNhbWxwOl", ["PHNhbWxwOl"], ["grant_type=assertion"]],
  [
    "https://app.test/#access_token=2YotnFZFEjr1zCsicMWpAA&token_type=bearer&expires_in=3600",
    ["2YotnFZFEjr1zCsicMWpAA"],
    ["app.test", "token_type=bearer", "expires_in=3600"],
  ],
  [
    "https://fn.azurewebsites.net/api/x?code=abcDEF123456ghiJKL7890mnopQRS==&n=1",
    ["abcDEF123456ghiJKL7890"],
    ["fn.azurewebsites.net/api/x", "n=1"],
  ],
  ["https://maps.test/js?key=Zx81kQpW55aaBB77cc&v=3", ["Zx81kQpW55aaBB77cc"], ["maps.test/js", "v=3"]],
  ["ws://ann:hunter2S@live.test/socket", [S], ["live.test/socket"]],
  ["git clone https://oauth2:hunter2S@git.test/a/b.git", [S], ["git.test/a/b.git"]],
  ["https://hunter2Stoken1@git.test/a/b.git", ["hunter2Stoken1"], ["git.test/a/b.git"]],
  ["proxy http://ann:hun%40ter2S@proxy:3128", ["ter2S"], ["proxy:3128"]],
  ["/p;jsessionid=1A2B3C4D5E6F?x=1", ["1A2B3C4D5E6F"], ["/p;", "x=1"]],
  ["redirect=https%3A%2F%2Fann%3Ahunter2S%40shop.test%2Fx", [S], ["shop.test"]],
  // Headers
  ["Authorization: Basic YW5uOmh1bnRlcjJT\r\nAccept: */*", ["YW5uOmh1bnRlcjJT"], ["Accept: */*"]],
  [
    'authorization: Digest username="ann", response="6629fae49393a05397450978507c4ef1"',
    ["6629fae49393a05397450978507c4ef1"],
    [],
  ],
  ["> Authorization: Token hunter2S", [S], []],
  ["Cookie: theme=dark; sid=hunter2S\r\nHost: shop.test", [S, "dark"], ["Host: shop.test"]],
  ["Set-Cookie: sid=hunter2S; Path=/", [S], []],
  ["X-Api-Key: hunter2S\nX-Request-Id: r-1", [S], ["X-Request-Id: r-1"]],
  ["x-functions-key: hunter2S", [S], []],
  ["X-Forwarded-For: 203.0.113.7\r\nHost: shop.test", ["203.0.113.7"], ["Host: shop.test"]],
  ["X-Ms-Client-Principal-Name: ann@example.com", ["ann@example.com"], []],
  ["curl -H 'X-Auth-Token: hunter2S' https://api.test/x", [S], ["https://api.test/x"]],
  // Fragments
  ['{"user":"ann","password":"hunter2S","age":3}', [S], ['"user":"ann"', '"age":3']],
  ['body: {"name":"password","value":"hunter2S"}', [S], ["body:"]],
  ['fields [{"name":"email","value":"a@b.test"},{"name":"password","value":"hunter2S"}]', [S], ["a@b.test"]],
  ['[["password","hunter2S"],["page","2"]]', [S], ["page", "2"]],
  ['{"path":["user","password"],"message":"too short","received":"hunter2S"}', [S], ["too short"]],
  ["{ name: 'password', value: 'hunter2S' }", [S], ["name: 'password'"]],
  ["{ user: 'ann', password: 'hunter2S', page: 2 }", [S], ["user: 'ann'", "page: 2"]],
  ["{'api_key': 'hunter2S', 'n': 1}", [S], ["'n': 1"]],
  ['{"password"=>"hunter2S", "n"=>1}', [S], ['"n"=>1']],
  ["User(name='ann', password='hunter2S')", [S], ["name='ann'"]],
  ["password: hunter2S\nport: 80", [S], ["port: 80"]],
  ["DB_PASSWORD=hunter2S DB_HOST=db node app.js", [S], ["DB_HOST=db", "node app.js"]],
  ["dbpass=hunter2S sshkey=k1k2k3k4 masterkey=m1m2m3m4", [S, "k1k2k3k4", "m1m2m3m4"], []],
  ['<add key="ApiKey" value="hunter2S"/>', [S], ["ApiKey"]],
  ['<input name="password" value="hunter2S">', [S], ["<input"]],
  ['<wsse:Password Type="x">hunter2S</wsse:Password>', [S], ["wsse:Password"]],
  ["<password><![CDATA[hunter2S]]></password>", [S], ["<password>"]],
  [
    '------b\r\nContent-Disposition: form-data; name="password"\r\n\r\nhunter2S\r\n------b\r\nContent-Disposition: form-data; name="n"\r\n\r\n12\r\n------b--',
    [S],
    ['name="n"', "12"],
  ],
  ["passwort=hunter2S&seite=2", [S], ["seite=2"]],
  ["contraseña: hunter2S", [S], []],
  ["mot_de_passe=hunter2S", [S], []],
  ["motDePasse: 'hunter2S'", [S], []],
  ["senha=hunter2S", [S], []],
  ["wachtwoord: hunter2S", [S], []],
  ["hasło=hunter2S", [S], []],
  ["пароль: hunter2S", [S], []],
  ["密码=hunter2S", [S], []],
  ["パスワード: hunter2S", [S], []],
  ["şifre=hunter2S", [S], []],
  ["lösenord=hunter2S", [S], []],
  // SQL
  ["insert into users (email, password) values ('ann@example.com', 'hunter2S')", [S], ["ann@example.com"]],
  [
    "INSERT INTO `users` (`id`,`email`,`reset_token`) VALUES (1,'a@b.test','hunter2S'),(2,'c@d.test','hunter3S')",
    [S, "hunter3S"],
    ["a@b.test", "c@d.test"],
  ],
  [
    'Failed query: insert into "users" ("email","password") values ($1,$2)\nparams: ann@example.com,hunter2S',
    [S],
    ["insert into", "ann@example.com"],
  ],
  ['Failed query: select * from "users" where "token" = $1 and "id" = $2\nparams: hunter2S,77', [S], ["77"]],
  ["update users set password = 'hunter2S' where id = 7", [S], ["where id = 7"]],
  ["update users set password='hunter2S', email='a@b.test'", [S], ["email='a@b.test'"]],
  [
    "select * from sessions where token in ('hunter2S', 'hunter3S')",
    [S, "hunter3S"],
    ["select * from sessions"],
  ],
  ["select * from users where api_key like 'hunter2S%'", [S], ["select * from users"]],
  ["create user ann identified by 'hunter2S'", [S], ["create user ann"]],
  ["ALTER USER 'ann'@'%' IDENTIFIED WITH mysql_native_password BY 'hunter2S'", [S], ["ALTER USER"]],
  ["alter role ann with password 'hunter2S'", [S], ["alter role ann"]],
  ["select pgp_sym_decrypt(data, 'hunter2S') from t", [S], ["from t"]],
  [
    'duplicate key value violates unique constraint "users_reset_token_key" Key (reset_token)=(hunter2S) already exists.',
    [S],
    ["users_reset_token_key", "already exists"],
  ],
  ["Key (email, reset_token)=(a@b.test, hunter2S) already exists.", [S], ["a@b.test"]],
  ["Failing row contains (7, ann, hunter2S, null).", [S], ["Failing row contains"]],
  ["Duplicate entry 'hunter2S' for key 'users.reset_token'", [S], ["Duplicate entry", "users.reset_token"]],
  [
    'E11000 duplicate key error collection: shop.users index: token_1 dup key: { token: "hunter2S" }',
    [S],
    ["shop.users", "token_1"],
  ],
  [
    "insert into `users` (`email`, `password`) values ('a@b.test', 'hunter2S') - ER_DUP_ENTRY: Duplicate entry 'a@b.test'",
    [S],
    ["ER_DUP_ENTRY", "a@b.test"],
  ],
  [
    'query failed: INSERT INTO users(email, password) VALUES (?, ?) -- PARAMETERS: ["a@b.test","hunter2S"]',
    [S],
    ["a@b.test"],
  ],
  // Commands
  ["Command failed: mysqldump -uroot -phunter2S shop", [S], ["mysqldump -uroot", "shop"]],
  ["Command failed: sshpass -p hunter2S ssh ann@host", [S], ["ssh ann@host"]],
  ["redis-cli -h cache -a hunter2S ping", [S], ["redis-cli -h cache", "ping"]],
  ["docker login -u ann -p hunter2S registry.test", [S], ["docker login -u ann", "registry.test"]],
  ["curl -u ann:hunter2S https://api.test/x", [S], ["https://api.test/x"]],
  ["curl --user ann:hunter2S https://api.test/x", [S], ["https://api.test/x"]],
  ["PGPASSWORD=hunter2S psql -h db -U shop", [S], ["psql -h db -U shop"]],
  ["mongodump --uri x --password hunter2S --out /tmp/d", [S], ["--out /tmp/d"]],
  ["mongosh -u app -p hunter2S --host db", [S], ["--host db"]],
  ["openssl enc -aes-256-cbc -pass pass:hunter2S -in a", [S], ["-in a"]],
  ["keytool -genkey -storepass hunter2S -keypass hunter3S -alias a", [S, "hunter3S"], ["-alias a"]],
  ["ldapsearch -x -D cn=admin -w hunter2S -b dc=x", [S], ["ldapsearch -x"]],
  ["sqlcmd -S db -U sa -P hunter2S -Q 'select 1'", [S], ["sqlcmd -S db -U sa"]],
  ["smbclient //host/share -U ann%hunter2S", [S], ["//host/share"]],
  ["unzip -P hunter2S a.zip", [S], ["a.zip"]],
  ["7z x -phunter2S a.7z", [S], ["a.7z"]],
  ["htpasswd -b /etc/x ann hunter2S", [S], ["htpasswd -b /etc/x"]],
  ["vault login hunter2S", [S], ["vault login"]],
  ["java -Djavax.net.ssl.keyStorePassword=hunter2S -jar a.jar", [S], ["-jar a.jar"]],
  ["aws configure set aws_secret_access_key hunter2S", [S], ["aws configure"]],
  ["npm config set //registry.test/:_authToken hunter2S", [S], ["npm config set"]],
  ["gpg --batch --passphrase hunter2S -d a.gpg", [S], ["-d a.gpg"]],
  ["kubectl --token=hunter2S get pods", [S], ["get pods"]],
  ["AUTH hunter2S", [S], ["AUTH"]],
  ["USER ann\r\nPASS hunter2S", [S], ["USER ann"]],
  // Sentences
  [
    "User validation failed: password: Path `password` (`hunter2S`, length 8) is shorter than the minimum allowed length (10).",
    [S],
    ["Path `password`", "is shorter than the minimum allowed length (10)"],
  ],
  [
    'Cast to Number failed for value "hunter2S" (type string) at path "pin"',
    [S],
    ["Cast to Number failed", 'at path "pin"'],
  ],
  [
    "`hunter2S` is not a valid enum value for path `password`.",
    [S],
    ["is not a valid enum value for path `password`"],
  ],
  [
    '"password" with value "hunter2S" fails to match the required pattern: /^x/',
    [S],
    ['"password" with value', "fails to match the required pattern"],
  ],
  ["Incorrect integer value: 'hunter2S' for column 'pin' at row 1", [S], ["for column 'pin' at row 1"]],
  [
    "Incorrect API key provided: hunter2Shunter2S. You can find yours at https://x.test",
    ["hunter2Shunter2S"],
    ["Incorrect API key provided", "https://x.test"],
  ],
  ["Invalid token 9f8e7d6c5b4a3f2e for tenant 7", ["9f8e7d6c5b4a3f2e"], ["Invalid token", "for tenant 7"]],
  ["token 'Zx81kQpW55aa' was revoked", ["Zx81kQpW55aa"], ["was revoked"]],
  ['login with password "hunter2S" failed', [S], ["login with password", "failed"]],
  ["the secret is a1b2c3d4e5f6", ["a1b2c3d4e5f6"], ["the secret is"]],
  ["session 1f2e3d4c5b6a7988 not found", ["1f2e3d4c5b6a7988"], ["not found"]],
  ["session id: 1f2e3d4c5b6a7988", ["1f2e3d4c5b6a7988"], []],
  ["refresh token a1b2c3d4e5f6a7b8 reused", ["a1b2c3d4e5f6a7b8"], ["reused"]],
  [
    "mnemonic: legal winner thank year wave sausage worth useful legal winner thank yellow",
    ["sausage", "yellow"],
    [],
  ],
  ["Bearer a1b2c3d4e5 refused", ["a1b2c3d4e5"], ["refused"]],
  ["sent Basic YW5uOmh1bnRlcjJT to upstream", ["YW5uOmh1bnRlcjJT"], ["to upstream"]],
  ["otp: 482913", ["482913"], []],
  ["pin: 4829", ["4829"], []],
  // Hashes
  [
    `hash $2b$10$${"N9qo8uLOickgx2ZMRZoMye".repeat(2)}abcdefghi of ann`,
    ["N9qo8uLOickgx2ZMRZoMye"],
    ["of ann"],
  ],
  ["$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub", ["c29tZXNhbHQ", "RdescudvJCsgt3ub"], []],
  ["got pbkdf2_sha256$260000$c29tZXNhbHQ$RdescudvJCsgt3ub", ["c29tZXNhbHQ", "RdescudvJCsgt3ub"], ["got"]],
  ["scrypt:32768:8:1$c29tZXNhbHQ$deadbeefdeadbeef", ["c29tZXNhbHQ", "deadbeefdeadbeef"], []],
  ["$6$saltsalt$abcdefghijklmnopqrstuvwxyz", ["abcdefghijklmnopqrstuvwxyz"], []],
  ["{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3", ["DkMTwBl"], []],
  ["$P$B12345678abcdefghijklmnopqrstu", ["abcdefghijklmnopqrstu"], []],
  ["md55f4dcc3b5aa765d61d8327deb882cf99", ["5f4dcc3b5aa765d61d8327deb882cf99"], []],
  ["*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", ["2470C0C06DEE42FD"], []],
  // Personal
  [`paid with ${card.join(" ")} 12/29`, ["4242 4242"], ["paid with", "12/29"]],
  [`paid with ${card.join("-")}`, ["4242-4242"], ["paid with"]],
  [`paid with ${card.join("")}, thanks`, [card.join("")], ["thanks"]],
  ["amex 3782 822463 10005", ["822463"], ["amex"]],
  ["iban DE89370400440532013000 refused", ["370400440532013000"], ["refused"]],
  ["iban DE89 3704 0044 0532 0130 00 refused", ["0532 0130"], ["refused"]],
  ["account GB82WEST12345698765432", ["12345698765432"], ["account"]],
  ["ssn 123-45-6789 of ann", ["123-45-6789"], ["of ann"]],
  ["-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----\nafter", ["MIIabc"], ["after"]],
  ["-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNz\\n-----END OPENSSH PRIVATE KEY-----", ["b3BlbnNz"], []],
  ["-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQOYBF\n-----END PGP PRIVATE KEY BLOCK-----", ["lQOYBF"], []],
  // Cut in two
  ["postgres://shop:hunter2S…", [S], []],
  [`card ${card.slice(0, 3).join(" ")}…`, ["4242 4242"], ["card"]],
  [`token ghp_${"a1B2"}…`, ["a1B2"], []],
  ['{"user":"ann","password":"hunter2S…', [S], ['"user":"ann"']],
  ["$2b$10$N9qo8uLOickgx2Z…", ["N9qo8uLOickgx2Z"], []],
  ["eyJhbGciOiJI…", ["eyJhbGciOiJI"], []],
];

const NAMES = `
  password Password PASSWORD passwd pwd user_password userPassword user-password DB_PASSWORD dbpassword pgPassword passwordConfirmation
  secret clientSecret client_secret CLIENT-SECRET appsecret apiKey api_key API-KEY ApiKey apikey x-api-key xApiKey stripeApiKey openai_key
  accessToken access_token refreshToken id_token authToken csrfToken xsrf-token botToken token Token
  auth authorization proxy-authorization jwt bearer credentials awsCredentials sessionId session_id SESSIONID PHPSESSID connect.sid sid
  privateKey private_key PRIVATEKEY sshKey sshkey masterkey sessionkey encryptionKey signing_key aws_secret_access_key AWS_ACCESS_KEY_ID
  otp totp mfaCode pinCode pin cvv cvc cvv2 cardNumber card_number ccNumber creditCard iban IBAN ssn socialSecurityNumber passportNumber
  taxId national_id dob dateOfBirth birth_date nino bsn smtp_pass dbpass rootpw mysqlPwd passphrase seedPhrase recovery_codes backupCodes
  connectionString code_verifier samlResponse passwort Kennwort contraseña mot_de_passe senha wachtwoord пароль 密码 user[password]
  signature sig salt hmac webhookSecret licenseKey subscription-key Ocp-Apim-Subscription-Key x-functions-key storageAccountKey
`;

const R = "Zq7-vault-88x";

/** Values by their structure. */
const VALUES: readonly (readonly [unknown, readonly string[], readonly string[]])[] = [
  ...NAMES.trim()
    .split(/\s+/)
    .flatMap((name): [unknown, string[], string[]][] => [
      [{ [name]: R, page: "two" }, [R], ["two"]],
      [{ name, value: R, kind: "field" }, [R], ["field"]],
    ]),
  [{ headers: { cookie: "theme=dark; a=Zq7vault", accept: "*/*" } }, ["dark", "Zq7vault"], ["theme=", "*/*"]],
  [
    { response: { headers: { "set-cookie": ["sid=Zq7vault; Path=/; HttpOnly"] } } },
    ["Zq7vault"],
    ["set-cookie"],
  ],
  [
    {
      headers: {
        "x-forwarded-for": "203.0.113.7",
        via: "1.1 edge",
        from: "ann@example.com",
        host: "shop.test",
      },
    },
    ["203.0.113.7", "1.1 edge", "ann@example.com"],
    ["shop.test"],
  ],
  [
    {
      headers: {
        "x-ms-client-principal-name": "ann@example.com",
        "x-authentik-username": "ann-user",
        "x-ssl-client-s-dn": "CN=Ann",
      },
    },
    ["ann@example.com", "ann-user", "CN=Ann"],
    [],
  ],
  [
    { "x-forwarded-for": "203.0.113.7", "cf-connecting-ip": "203.0.113.8" },
    ["203.0.113.7", "203.0.113.8"],
    [],
  ],
  [
    {
      rawHeaders: [
        "Host",
        "shop.test",
        "Authorization",
        "Bearer Zq7vault1",
        "Cookie",
        "a=Zq7vault2",
        "X-Forwarded-For",
        "203.0.113.7",
      ],
    },
    ["Zq7vault1", "Zq7vault2", "203.0.113.7"],
    ["shop.test"],
  ],
  [
    {
      headers: [
        ["cookie", "a=Zq7vault"],
        ["accept", "*/*"],
      ],
    },
    ["Zq7vault"],
    ["*/*"],
  ],
  [
    [
      ["password", R],
      ["page", "2"],
    ],
    [R],
    ["2"],
  ],
  [{ entries: [["api_key", R]] }, [R], []],
  [
    new Map<string, unknown>([
      ["password", R],
      ["page", 2],
    ]),
    [R],
    ["page"],
  ],
  [new Set([["token", R]]), [R], []],
  [new URLSearchParams({ password: R, page: "2" }), [R], ["page=2"]],
  [new Headers({ authorization: `Bearer ${R}`, accept: "text/plain" }), [R], ["text/plain"]],
  [formData(), [R], []],
  [{ args: ["node", "app.js", "--password", R, "--port", "80"] }, [R], ["app.js", "80"]],
  [{ argv: ["mysqldump", "-uroot", `-p${R}`, "shop"] }, [R], ["mysqldump", "shop"]],
  [{ spawnfile: "sshpass", spawnargs: ["sshpass", "-p", R, "ssh", "host"] }, [R], ["host"]],
  [{ command: "redis-cli", args: ["-a", R, "ping"] }, [R], ["ping"]],
  [{ command: { name: "auth", args: [R] } }, [R], ["auth"]],
  [{ command: { name: "AUTH", args: ["default", R] } }, [R], ["AUTH"]],
  [{ command: { name: "hset", args: ["user:1", "password", R, "page", "two"] } }, [R], ["two"]],
  [{ command: { name: "config", args: ["SET", "requirepass", R] } }, [R], ["SET"]],
  [
    { sql: "insert into users (email, password) values (?, ?)", parameters: ["a@b.test", R] },
    [R],
    ["a@b.test"],
  ],
  [
    { query: 'insert into "users" ("email","password") values ($1,$2)', params: ["a@b.test", R] },
    [R],
    ["a@b.test"],
  ],
  [{ sql: "select * from users where token = ? and page = ?", values: [R, "two"] }, [R], ["two"]],
  [
    { sql: "update users set email = ?, password = ? where id = ?", bindings: ["a@b.test", R, 7] },
    [R],
    ["a@b.test"],
  ],
  [{ text: "select * from t where api_key = $2 and page = $1", values: ["two", R] }, [R], ["two"]],
  [{ sql: "select f(password, x) from users", parameters: [R] }, [R], []],
  [{ sql: "insert into users set ?", values: [{ email: "a@b.test", password: R }] }, [R], ["a@b.test"]],
  [["insert into users (a, password) values (?, ?)", ["two", R]], [R], ["two"]],
  [{ errors: { password: { kind: "minlength", path: "password", value: R } } }, [R], []],
  [
    {
      details: [
        {
          message: "too short",
          path: ["user", "password"],
          context: { key: "password", label: "password", value: R },
        },
      ],
    },
    [R],
    ["too short"],
  ],
  [
    {
      property: "password",
      value: R,
      constraints: { minLength: "too short" },
      target: { email: "a@b.test", password: R },
    },
    [R],
    ["too short", "a@b.test"],
  ],
  [
    { type: "field", value: R, msg: "Invalid value", path: "password", location: "body" },
    [R],
    ["Invalid value", "body"],
  ],
  [{ instancePath: "/user/password", keyword: "minLength", data: R }, [R], ["minLength"]],
  [{ field: "reset_token", value: R }, [R], []],
  [{ param: "api_key", value: R }, [R], []],
  [{ type: "Buffer", data: [...Buffer.from(`password=${R}`)] }, ["112,97,115,115"], []],
  [{ session: { id: R, cart: "two" } }, [R], ["two"]],
  [{ type: "SyntaxError", message: "bad JSON", body: `{"a":"${R}"` }, [R], ["bad JSON"]],
  [
    { config: { auth: { username: "ann", password: R }, url: "https://api.test/x" } },
    [R],
    ["https://api.test/x"],
  ],
  [{ input: `postgres://shop:${R}@db:99999/x`, code: "ERR_INVALID_URL" }, [R], ["ERR_INVALID_URL"]],
  [{ req: { method: "GET", remoteAddress: "203.0.113.7" } }, ["203.0.113.7"], ["GET"]],
  [{ [`ghp_${"a1B2c3D4".repeat(5)}`]: 1, page: "two" }, ["a1B2c3D4a1B2"], ["two"]],
  [{ data: JSON.stringify({ name: "password", value: R }) }, [R], []],
  [{ nested: { list: [{ deep: [{ api_key: R }] }] } }, [R], []],
  [{ card: 4111111111111111 }, ["4111111111111111"], []],
  [{ passwords: [R], secrets: { a: R } }, [R], []],
];

function formData(): FormData {
  const form = new FormData();
  form.set("password", R);
  form.set("page", "two");
  return form;
}

export const SECRETS: readonly CorpusCase[] = [
  ...TEXTS.map(([input, goes, stays]): CorpusCase => [input, "text", goes, stays]),
  ...VALUES.map(([input, goes, stays]): CorpusCase => [input, "value", goes, stays]),
];
