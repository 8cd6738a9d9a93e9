<?php
// The front page.
require_once(__DIR__ . '/../config.php');

$DB->get_record_sql('SELECT 1');
header('Content-Type: application/json');
header('Cache-Control: no-store');
echo json_encode(['page' => 'front']), "\n";
