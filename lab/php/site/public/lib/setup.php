<?php
// Stands for the start of Moodle 5.1, in the lab: as far as config.php, php-fpm, nginx and the database see of it.
//
// Like Moodle, it connects before anything else, with the options of $CFG->dboptions and by pg_connect, throws Moodle's
// exceptions, and answers with Moodle's statuses: 500 if the start fails, 404 if a page does (default_exception_handler in
// public/lib/setuplib.php, and core_renderer::fatal_error). A page runs one query.
//
// It says nothing about what Moodle does afterwards: sessions and their locks, caches, files, cron, its tables, its speed, and
// the memory that it takes.

class moodle_exception extends Exception {
    public function __construct(public string $errorcode, public ?string $debuginfo = null) {
        parent::__construct($errorcode);
    }
}

class dml_exception extends moodle_exception {
}

class dml_connection_exception extends dml_exception {
    public function __construct(?string $error) {
        parent::__construct('dbconnectionfailed', $error);
    }
}

class dml_read_exception extends dml_exception {
    public function __construct(public string $error, public string $sql) {
        parent::__construct('dmlreadexception', "$error\n$sql");
    }
}

class pgsql_native_moodle_database {
    private ?PgSql\Connection $pgsql = null;

    public function connect(string $host, string $user, string $password, string $name, array $options): void {
        $password = addcslashes($password, "'\\");
        $place = "host='$host' port='{$options['dbport']}' user='$user' password='$password' dbname='$name'";
        $place .= " connect_timeout={$options['connecttimeout']} sslmode={$options['ssl']}";
        if (empty($options['dbhandlesoptions'])) {
            $place .= " options='--client_encoding=utf8 --standard_conforming_strings=on'";
        }
        ob_start(); // holds PHP's warning, if display_errors is on
        $connection = pg_connect($place, PGSQL_CONNECT_FORCE_NEW);
        $error = ob_get_clean();
        if (!$connection || pg_connection_status($connection) !== PGSQL_CONNECTION_OK) {
            throw new dml_connection_exception($error);
        }
        if (pg_client_encoding($connection) !== 'UTF8') {
            throw new dml_connection_exception('client_encoding = UTF8 not set, it is: ' . pg_client_encoding($connection));
        }
        $this->pgsql = $connection;
    }

    public function get_record_sql(string $sql, array $params = []): array {
        $result = @pg_query_params($this->pgsql, $sql, $params);
        if (!$result) {
            throw new dml_read_exception(pg_last_error($this->pgsql), $sql);
        }
        return pg_fetch_assoc($result);
    }
}

function default_exception_handler(Throwable $failure): void {
    if (PHP_SAPI === 'cli') {
        echo "!!! {$failure->getMessage()} !!!\n";
        exit(1);
    }
    $early = array_filter($failure->getTrace(), fn($frame) => ($frame['file'] ?? '') === __FILE__);
    header($_SERVER['SERVER_PROTOCOL'] . ($early ? ' 500 Internal Server Error' : ' 404 Not Found'));
    echo "Error: {$failure->getMessage()}\n";
    exit(1);
}

set_exception_handler('default_exception_handler');
$DB = new pgsql_native_moodle_database();
$DB->connect($CFG->dbhost, $CFG->dbuser, $CFG->dbpass, $CFG->dbname, $CFG->dboptions);
