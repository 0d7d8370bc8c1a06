@rem The scripts of package.json begin with exec, so that no shell stands between npm and Node and swallows a signal. Windows has no exec.
@%*
