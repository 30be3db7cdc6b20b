// Stands in for a NuGet that starts programs by itself: a client before 6.13 starts only what dotnet runs.
using System;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;

static class Shim
{
    static async Task<int> Main(string[] arguments)
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            if (!Directory.Exists(folder)) continue;
            foreach (var file in Directory.GetFiles(folder, "nuget-plugin-ado-entra-auth*"))
            {
                var start = new ProcessStartInfo(file, string.Join(" ", arguments))
                {
                    UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
                };
                using (var program = Process.Start(start))
                {
                    var ends = Copy(Console.OpenStandardInput(), program.StandardInput.BaseStream)
                        .ContinueWith(_ => program.StandardInput.Close());
                    await Copy(program.StandardOutput.BaseStream, Console.OpenStandardOutput());
                    program.WaitForExit();
                    return program.ExitCode;
                }
            }
        }
        return 1;
    }

    static async Task Copy(Stream from, Stream to)
    {
        var bytes = new byte[65536];
        int length;
        while ((length = await from.ReadAsync(bytes, 0, bytes.Length)) > 0)
        {
            await to.WriteAsync(bytes, 0, length);
            await to.FlushAsync();
        }
    }
}
