<?php
// Where the database is, and with which password it lets us in: from Parameter Store and Secrets Manager, as the instance's
// role. Kept in the memory of PHP for some minutes, never in a file. The command line keeps nothing and always asks.
//
// Two signed requests, by hand: `aws` would take a second and 60 MB for each, with every worker starting one at a time, and
// the SDK for PHP would be one more thing to install.

namespace moodle_database;

use RuntimeException;

const METADATA = 'http://169.254.169.254/latest';
const KEY = 'moodle-database';
const KEEP = 300; // seconds
const PAUSE = 10; // seconds, between two attempts while AWS or the database refuses

/** Returns host, port, name, username and password. */
function place(): array {
    $kept = kept();
    return $kept && time() < $kept['until'] ? $kept : renewed($kept);
}

/** Says whether there is another password than the one that the database has just refused. */
function changed(string $refused): bool {
    $kept = kept();
    // A database that is down refuses everyone. One of us asks AWS then, and only now and then.
    if ($kept && $kept['password'] === $refused && apcu_add(KEY . '-refused', true, PAUSE)) {
        $kept = renewed($kept);
    }
    return $kept && $kept['password'] !== $refused;
}

function kept(): ?array {
    return apcu_enabled() && ($kept = apcu_fetch(KEY)) ? $kept : null;
}

function renewed(?array $kept): array {
    try {
        $place = asked() + ['until' => time() + KEEP];
    } catch (RuntimeException $failure) {
        if (!$kept) {
            throw $failure;
        }
        error_log("Goes on with the database's old password: {$failure->getMessage()}");
        $place = ['until' => time() + PAUSE] + $kept;
    }
    if (apcu_enabled()) {
        apcu_store(KEY, $place);
    }
    return $place;
}

function asked(): array {
    // Written by the boot script of the instance.
    $environment = parse_ini_file('/etc/app/environment', false, INI_SCANNER_RAW);
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

    public function __construct(private string $region) {
        // The token is IMDSv2's: without one, the instance does not answer.
        $token = sent('PUT', METADATA . '/api/token', ['X-aws-ec2-metadata-token-ttl-seconds: 60']);
        $get = fn($path) => sent('GET', METADATA . "/meta-data/$path", ["X-aws-ec2-metadata-token: $token"]);
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
        return json_decode(sent('POST', "https://$host/", $lines, $body), true);
    }
}

function sent(string $method, string $url, array $headers, string $body = ''): string {
    $request = curl_init($url);
    curl_setopt_array($request, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_HTTPHEADER => $headers,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CONNECTTIMEOUT => 2,
        CURLOPT_TIMEOUT => 5,
    ] + ($body === '' ? [] : [CURLOPT_POSTFIELDS => $body]));
    $answer = curl_exec($request);
    $status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
    if ($status !== 200) {
        // An error of AWS names what went wrong, and holds no secret.
        throw new RuntimeException("$url answers $status: " . (curl_error($request) ?: $answer));
    }
    return $answer;
}
