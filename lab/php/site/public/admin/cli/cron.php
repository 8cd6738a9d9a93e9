<?php
// Cron: one query, as the command line.
define('CLI_SCRIPT', true);
require_once(__DIR__ . '/../../../config.php');

$DB->get_record_sql('SELECT 1');
