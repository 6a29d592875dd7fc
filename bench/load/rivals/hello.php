<?php
header('content-type: text/plain;charset=UTF-8');
echo 'Hello, World!';
