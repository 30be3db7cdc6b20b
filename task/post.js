'use strict';

// The agent passes no arguments, so the post-job part has a file of its own.
require('./index.js').run('post');
