<?php
// nginx and PHP are well. The database is not asked: its failover would make every instance unhealthy, and the whole fleet
// would be replaced.
header('Content-Type: application/json');
header('Cache-Control: no-store');
echo '{"status": "ok"}', "\n";
