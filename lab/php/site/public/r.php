<?php
// Moodle's router: where nginx sends what is no file.
require_once(__DIR__ . '/../config.php');

$DB->get_record_sql('SELECT 1');
header('Content-Type: application/json');
header('Cache-Control: no-store');
echo json_encode(['page' => 'router', 'path' => strtok($_SERVER['REQUEST_URI'], '?')]), "\n";
