<?php
// A page: one query, which takes as many seconds as it is asked to. It says back what a form sent.
require_once(__DIR__ . '/../../config.php');

$record = $DB->get_record_sql('SELECT pg_backend_pid() AS session, pg_is_in_recovery() AS standby, pg_sleep($1)', [
    (float) ($_GET['seconds'] ?? 0),
]);
header('Content-Type: application/json');
header('Cache-Control: no-store');
echo json_encode(['page' => 'login', 'session' => $record['session'], 'form' => $_POST]), "\n";
