<?php
// Where the database is, and with which password it lets us in: from Parameter Store and Secrets Manager, as the instance's
// role. Kept in the memory of PHP for some minutes, never in a file. The command line keeps nothing and always asks.
//
// Two signed requests, by hand: `aws` would take a second and 60 MB for each, with every worker starting one at a time, and
// the SDK for PHP would be one more thing to install.

namespace moodle_database;

use RuntimeException;
use Throwable;

const METADATA = 'http://169.254.169.254/latest';
const KEY = 'moodle-place';

// How long an answer of AWS is used before one worker asks again.
const KEEP = 300; // seconds

// How long a password goes on without a new attempt, if AWS did not answer. The password is most probably the right one, and each
// attempt makes one person wait.
const RETRY = 30; // seconds

// Pause between two look-ups while the database refuses us, or while nothing is known and AWS does not answer. In a rotation the
// secret may change later than the database does: requests fail for that gap, and for up to a pause more. A database that is
// down refuses everyone too, so that each instance asks AWS once a pause: in a failover of two minutes, 120 times.
const PAUSE = 1; // seconds

// How long one look-up may take: six requests, of milliseconds each.
const PATIENCE = 5; // seconds

// How long requests wait for the look-up of another one, if the database has refused them.
const WAIT = 1; // seconds

// How often a browser asks again, within half a minute: each time it may meet another instance that has the old password.
const TRIES = 3;
const COOKIE = 'MoodleDatabaseTries';

/** Returns host, port, name, username and password. */
function place(): array {
    if (!apcu_enabled()) {
        return asked();
    }
    $kept = kept();
    if (!$kept || microtime(true) >= $kept['until']) {
        // Whoever knows a place goes on with it while another request asks. In a cold cache there is none.
        $kept = renewed($kept, $kept ? 0 : PATIENCE);
    }
    return $kept['place'] ?? throw new RuntimeException($kept['failure'] ?? 'AWS keeps another request waiting');
}

/** Says whether there is another host or password than those with which the connection has just failed. */
function changed(string $host, string $password): bool {
    $same = fn($kept) => isset($kept['place']) && [$kept['place']['host'], $kept['place']['password']] === [$host, $password];
    $kept = apcu_enabled() ? kept() : null;
    if ($same($kept) && microtime(true) >= $kept['asked'] + PAUSE) {
        $kept = renewed($kept, WAIT);
    }
    return isset($kept['place']) && !$same($kept);
}

/** Answers a request that gets no connection. Where host or password have just changed, the browser asks again. */
function refused(string $site, string $host, string $password): never {
    if (changed($host, $password)) {
        again($site);
    }
    unavailable('There is no connection to the database');
}

/** Answers requests whose page loses the database. Moodle would say that there is no such page: 404, which raises no alarm. */
function guard(): void {
    $moodle = set_exception_handler(null);
    if ($moodle) { // a page that needs no database has no handler
        set_exception_handler(function (Throwable $failure) use ($moodle) {
            failed($failure);
            $moodle($failure);
        });
    }
}

/** Answers a request that lost the database. Returns if it failed for another reason. */
function failed(Throwable $failure): void {
    if (lost($failure)) {
        unavailable("Lost the database: $failure->error");
    }
}

/**
 * Sends the browser to the same address again, with the form, if it sent one: nothing of the request has been done yet. Returns
 * if the browser has been sent often enough.
 */
function again(string $site): void {
    $tries = (int) ($_COOKIE[COOKIE] ?? 0);
    if ($tries >= TRIES || headers_sent()) {
        return;
    }
    setcookie(COOKIE, (string) ($tries + 1), [
        'expires' => time() + 30,
        'path' => '/',
        'secure' => str_starts_with($site, 'https:'),
        'httponly' => true,
        'samesite' => 'Lax',
    ]);
    header('Cache-Control: no-store');
    header("Location: $site{$_SERVER['REQUEST_URI']}", true, 307);
    exit;
}

/** Says whether a query failed because the connection to the database broke, or because there is no database that writes. */
function lost(Throwable $failure): bool {
    // Messages of libpq, of PostgreSQL, and of RDS Proxy: Moodle passes no SQLSTATE on.
    return preg_match('/server closed the connection|connection has been closed|no connection to the server|SSL SYSCALL error'
        . '|could not (?:send|receive) data|terminating connection|the database system is|in a read-only transaction'
        . '|Timed-out waiting to acquire database connection/i', $failure->error ?? '') === 1;
}

/** Answers that the site cannot be used for the moment. CloudFront replaces such an answer by the error page of the site. */
function unavailable(string $reason): never {
    error_log("Answers 503: $reason");
    if (!headers_sent()) {
        while (ob_get_level() > 0 && @ob_end_clean()); // half a page
        header_remove('Content-Length');
        http_response_code(503);
        header('Retry-After: 5'); // seconds, for which CloudFront keeps the answer too
        header('Cache-Control: no-store');
        header('Content-Type: text/plain; charset=utf-8');
        echo "The site is unavailable for the moment. Please try again in a minute.\n";
    }
    exit(1);
}

/**
 * Returns what is kept: the place, which is missing if AWS has not answered yet; until when to use this; when AWS was last asked;
 * and how that failed, if it did.
 */
function kept(): ?array {
    return apcu_fetch(KEY) ?: null;
}

/** Asks AWS. While another request does, it waits for what that one gets, so many seconds, and goes on with what is kept. */
function renewed(?array $kept, int $wait): ?array {
    $end = microtime(true) + $wait;
    while (!apcu_add(KEY . '-lock', true, PATIENCE + 1)) { // ends by itself, if its worker dies
        if (microtime(true) >= $end) {
            return kept();
        }
        usleep(20_000);
    }
    try {
        $now = kept();
        if (($now['asked'] ?? null) === ($kept['asked'] ?? null)) { // nobody has asked meanwhile
            $now = answered($now);
            apcu_store(KEY, $now);
        }
        return $now;
    } finally {
        apcu_delete(KEY . '-lock');
    }
}

function answered(?array $kept): array {
    $failure = null;
    try {
        [$place, $seconds] = [asked(), KEEP];
    } catch (Throwable $thrown) {
        $failure = $thrown->getMessage();
        [$place, $seconds] = [$kept['place'] ?? null, isset($kept['place']) ? RETRY : PAUSE];
        error_log('Cannot look up the database' . ($place ? ', and goes on with what it knows' : '') . ": $failure");
    }
    $now = microtime(true);
    return ['place' => $place, 'failure' => $failure, 'asked' => $now, 'until' => $now + $seconds];
}

function asked(): array {
    // Written by the boot script of the instance.
    $environment = parse_ini_file('/etc/app/environment', false, INI_SCANNER_RAW) ?: [];
    if (!isset($environment['AWS_REGION'], $environment['PARAMETER_PREFIX'])) {
        throw new RuntimeException('/etc/app/environment does not name region and parameters');
    }
    $path = "{$environment['PARAMETER_PREFIX']}/database";
    $aws = new Role($environment['AWS_REGION']);

    $names = ["$path/endpoint", "$path/port", "$path/name", "$path/secret-arn"];
    $answer = $aws->call('ssm', 'AmazonSSM.GetParameters', ['Names' => $names]);
    if ($answer['InvalidParameters']) {
        throw new RuntimeException('There is no ' . implode(', ', $answer['InvalidParameters']));
    }
    $parameters = array_column($answer['Parameters'], 'Value', 'Name');
    $answer = $aws->call('secretsmanager', 'secretsmanager.GetSecretValue', ['SecretId' => $parameters["$path/secret-arn"]]);
    $secret = json_decode($answer['SecretString'], true);
    return [
        'host' => $parameters["$path/endpoint"],
        'port' => $parameters["$path/port"],
        'name' => $parameters["$path/name"],
        'username' => $secret['username'],
        'password' => $secret['password'],
    ];
}

/** The role of this instance, which signs requests to AWS. */
final class Role {
    private array $credentials;
    private string $domain;
    private float $end;

    public function __construct(private string $region) {
        $this->end = microtime(true) + PATIENCE;
        // The token is IMDSv2's: without one, the instance does not answer.
        $token = $this->sent('PUT', METADATA . '/api/token', ['X-aws-ec2-metadata-token-ttl-seconds: 60']);
        $get = fn($path) => $this->sent('GET', METADATA . "/meta-data/$path", ["X-aws-ec2-metadata-token: $token"]);
        $roles = 'iam/security-credentials/';
        $this->credentials = json_decode($get($roles . trim($get($roles))), true);
        $this->domain = trim($get('services/domain'));
    }

    /** Calls one of the services that speak JSON, with a signature of version 4. */
    public function call(string $service, string $target, array $request): array {
        $host = "$service.$this->region.$this->domain";
        $body = json_encode($request);
        $time = gmdate('Ymd\THis\Z');
        $scope = [substr($time, 0, 8), $this->region, $service, 'aws4_request'];
        $headers = [ // in the order of the alphabet, as the signature wants them
            'content-type' => 'application/x-amz-json-1.1',
            'host' => $host,
            'x-amz-date' => $time,
            'x-amz-security-token' => $this->credentials['Token'],
            'x-amz-target' => $target,
        ];
        $lines = array_map(fn($name, $value) => "$name:$value", array_keys($headers), $headers);
        $signed = implode(';', array_keys($headers));
        $canonical = implode("\n", ['POST', '/', '', ...$lines, '', $signed, hash('sha256', $body)]);
        $text = implode("\n", ['AWS4-HMAC-SHA256', $time, implode('/', $scope), hash('sha256', $canonical)]);
        $sign = fn($key, $part) => hash_hmac('sha256', $part, $key, true);
        $signature = bin2hex($sign(array_reduce($scope, $sign, 'AWS4' . $this->credentials['SecretAccessKey']), $text));
        $credential = $this->credentials['AccessKeyId'] . '/' . implode('/', $scope);
        $lines[] = "authorization: AWS4-HMAC-SHA256 Credential=$credential, SignedHeaders=$signed, Signature=$signature";
        return json_decode($this->sent('POST', "https://$host/", $lines, $body), true);
    }

    private function sent(string $method, string $url, array $headers, string $body = ''): string {
        $request = curl_init($url);
        curl_setopt_array($request, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CONNECTTIMEOUT => 2,
            CURLOPT_TIMEOUT_MS => max(1, (int) (1000 * ($this->end - microtime(true)))),
        ] + ($body === '' ? [] : [CURLOPT_POSTFIELDS => $body]));
        $answer = curl_exec($request);
        $status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
        if ($status !== 200) {
            // An error of AWS names what went wrong, and holds no secret.
            throw new RuntimeException("$url answers $status: " . (curl_error($request) ?: $answer));
        }
        return $answer;
    }
}
